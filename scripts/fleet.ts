import { DomainError } from "@pharmasight/core/kernel/errors";
import { definitions } from "./fleet/options.ts";
import { isCommand, requireOwn, usage, usageOfCommand } from "./fleet/usage.ts";
import { argumentsOf, operate, operatorIdOf, print, requireStage } from "./operators/process.ts";
import { processTerminal } from "./operators/terminal.ts";
import { UsageError } from "./operators/usage.ts";

/**
 * `npm run fleet -- <command>`: the schemas of all pharmacies, moved together. Beside a running `npm start` it finds its
 * settings in the state folder; for a deployed stage they are those of the provisioning worker.
 *
 * Exit codes: 0 done, 1 refused or failed, 2 called wrongly, 3 halted or with failures, 4 drift found or not ruled out.
 */
await operate("fleet", async (args) => {
  const { values, positionals } = argumentsOf({ args, options: definitions, allowPositionals: true });
  const [command, ...words] = positionals;
  if (command === undefined || command === "help") {
    await print(usage());
    return 0;
  }
  if (!isCommand(command)) throw new UsageError(`There is no command "${command}".`);
  if (values.help) {
    await print(usageOfCommand(command));
    return 0;
  }
  requireOwn(command, words, values);
  const operatorId = operatorIdOf(values.operator);
  await requireStage("docs/migrations.md");
  // Loaded only now: whoever asks for help waits for no SDK.
  const { commandRuns } = await import("./fleet/commands.ts");
  const { fleetOperatorPlatform } = await import("@pharmasight/adapters/fleet-operator-platform");
  const { control, ports } = await fleetOperatorPlatform();
  const operator = control({ kind: "operator", operatorId });
  const call = { operator, ports, terminal: processTerminal, word: words[0], options: values };
  try {
    const { code, text, data } = await commandRuns[command](call);
    await print(values.json ? JSON.stringify(data) : text);
    return code;
  } catch (error) {
    // What was asked for cannot be meant, such as a selector or a pharmacy that does not exist.
    if (error instanceof DomainError && error.code === "invalid_input") throw new UsageError(error.message);
    throw error;
  }
});
