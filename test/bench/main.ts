import { coldStart } from "./cold-start.ts";
import { entitlement } from "./entitlement.ts";
import { fleet } from "./fleet.ts";
import { importItems } from "./import.ts";
import { OWN_SERVER, provisioning } from "./provisioning.ts";
import { quotas } from "./quotas.ts";
import type { Result } from "./report.ts";
import { request } from "./request.ts";
import { tenants } from "./tenants.ts";
import { webhook } from "./webhook.ts";

const benches = new Map<string, () => Promise<Result[]>>([
  ["request", request],
  ["provision", provisioning()],
  ["provision-own", provisioning(OWN_SERVER)],
  ["cold-start", coldStart],
  ["import", importItems],
  ["quotas", quotas],
  ["webhook", webhook],
  ["entitlement", entitlement],
  ["fleet", fleet],
  ["tenants-1000", tenants(1000)],
]);

const name = process.argv[2];
if (name !== undefined && !benches.has(name)) {
  console.error(`There is no benchmark "${name}". Name one of ${[...benches.keys()].join(", ")}, or none for all.`);
  process.exit(2);
}
const results: Result[] = [];
for (const [bench, run] of benches) {
  if (name !== undefined && name !== bench) continue;
  console.log(`${bench} …`);
  results.push(...(await run()));
}
console.log(JSON.stringify({ bench: name ?? "all", results }));
// Open tenants keep their connections for the life of a process.
process.exit(0);
