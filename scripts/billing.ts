import { DomainError } from "@pharmasight/core/kernel/errors";
import { definitions } from "./billing/options.ts";
import { isCommand, requireOwn, usage, usageOfCommand } from "./billing/usage.ts";
import { argumentsOf, operate, operatorIdOf, print, requireStage } from "./operators/process.ts";
import { processTerminal } from "./operators/terminal.ts";
import { UsageError } from "./operators/usage.ts";

/**
 * `npm run billing -- <command>`: what is sold, and everything about money that no pharmacy does by itself. Beside a
 * running `npm start` it finds its settings in the state folder; for a deployed stage they are those of the billing worker.
 *
 * Exit codes: 0 done, 1 refused or failed, 2 called wrongly, 3 findings are open.
 */
await operate("billing", async (args) => {
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
  await requireStage("docs/billing.md");
  // Loaded only now: whoever asks for help waits for no SDK.
  const { commandRuns } = await import("./billing/commands.ts");
  const { billingOperatorPlatform } = await import("@pharmasight/adapters/billing-operator-platform");
  const platform = await billingOperatorPlatform();
  const operator = platform.control({ kind: "operator", operatorId });
  const call = { operator, platform, terminal: processTerminal, word: words[0], options: values };
  try {
    const { code, text, data } = await commandRuns[command](call);
    await print(values.json ? JSON.stringify(data) : text);
    return code;
  } catch (error) {
    // What was asked for cannot be meant, such as an amount that is none.
    if (error instanceof DomainError && error.code === "invalid_input") throw new UsageError(error.message);
    throw error;
  }
});
