import { argumentsOf, operate, operatorIdOf, print, requireStage } from "./operators/process.ts";
import { USAGE } from "./provisioning/usage.ts";

/**
 * `npm run provisioning -- <command>`: what an operator does when the saga could not. Beside a running `npm start` it
 * finds its settings in the state folder; for a deployed stage they are those of the provisioning worker.
 *
 * Exit codes: 0 done, 1 refused or failed, 2 called wrongly.
 */

const options = {
  help: { type: "boolean", short: "h", default: false },
  operator: { type: "string" },
  reason: { type: "string" },
  state: { type: "string" },
  limit: { type: "string" },
  before: { type: "string" },
  jobs: { type: "string" },
  confirm: { type: "string" },
  email: { type: "string" },
  project: { type: "string" },
  provider: { type: "string" },
  session: { type: "string" },
  pooled: { type: "string" },
  "user-suffix": { type: "string" },
  credential: { type: "string" },
} as const;

await operate("provisioning", async (args) => {
  const { values, positionals } = argumentsOf({ args, options, allowPositionals: true });
  const [command, ...rest] = positionals;
  if (values.help || command === undefined || command === "help") {
    await print(USAGE);
    return 0;
  }
  const operatorId = operatorIdOf(values.operator);
  await requireStage("docs/provisioning.md");
  // Loaded only now: whoever asks for help waits for no SDK.
  const { runCommand } = await import("./provisioning/commands.ts");
  const { provisioningPlatform } = await import("@pharmasight/adapters/provisioning-platform");
  const { control, ports, settings } = await provisioningPlatform();
  const operator = control({ kind: "operator", operatorId });
  await print(await runCommand({ operator, ports, settings }, command, rest, values));
  return 0;
});
