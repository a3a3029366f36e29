import { migrate } from "@pharmasight/adapters/migrations/executor";
import { beginSignUp, enter, eventually } from "../harness/stack.ts";
import { compare, median, type Result, timed } from "./report.ts";
import { labelOf, type World, withWorld } from "./world.ts";

const RUNS = 7;
const TEMPLATE = "bench_template";

/** All plans on a server of ours. */
export const OWN_SERVER = JSON.stringify({ starter: { provider: "postgres", region: "local", size: "shared" } });

/**
 * From the accepted code to a pharmacy in trial, against the clone of a migrated database and one connection to it.
 * @param planPlaces where databases are made; without it, at Supabase
 */
export const provisioning = (planPlaces?: string) => (): Promise<Result[]> =>
  withWorld(async (world) => {
    // The first one also loads the workers.
    await provision(world, "warm-up");
    await makeTemplate(world);
    const elapsed: number[] = [];
    const ours: number[] = [];
    const clone: number[] = [];
    const steps = new Map<string, number[]>();
    for (let run = 0; run < RUNS; run++) {
      const { ms, took } = await provision(world, `bench-${run}`);
      elapsed.push(ms);
      // Until the provider has made the database: one look a second.
      const awaited = took.find(([name]) => name === "await_database")?.[1] ?? 0;
      ours.push(ms - awaited);
      for (const [name, stepMs] of took) steps.set(name, [...(steps.get(name) ?? []), stepMs]);
      clone.push(await timed(() => cloneAndConnect(world, `bench_clone_${run}`)));
    }
    for (const [name, values] of steps) console.log(`  ${name}: ${median(values).toFixed(0)} ms`);
    console.log(`with the wait for the provider: ${median(elapsed).toFixed(0)} ms`);
    const where = planPlaces === undefined ? "without the provider's wait" : "on a server of ours";
    return [compare(`provisioning ${where}`, median(ours), median(clone), 2)];
  }, planPlaces);

async function provision(world: World, label: string): Promise<{ ms: number; took: [string, number][] }> {
  const pharmacy = await beginSignUp(world.stack, label);
  const job = await eventually("the trial", async () => {
    const [row] = await world.control`
      select j.id, j.created_at, j.finished_at from control.provisioning_jobs j
      join control.tenants t on t.id = j.tenant_id
      join control.tenant_hosts h on h.tenant_id = t.id
      where h.host = ${labelOf(pharmacy)} and t.state = 'trial' and j.state = 'done'`;
    return row;
  });
  await enter(world.stack, pharmacy);
  const rows = await world.control`
    select name, extract(epoch from finished_at - started_at)::float * 1000 as ms
    from control.provisioning_steps where job_id = ${job["id"]} order by position`;
  return {
    ms: Number(job["finished_at"]) - Number(job["created_at"]),
    took: rows.map((row) => [String(row["name"]), Number(row["ms"])]),
  };
}

async function makeTemplate(world: World): Promise<void> {
  await world.control.unsafe(`create database ${TEMPLATE}`);
  const { host, port, superuser } = world.stack.cluster;
  await migrate({ endpoint: { host, port, database: TEMPLATE }, credential: superuser, plane: "tenant" });
  await world.control.unsafe(`alter database ${TEMPLATE} with is_template true allow_connections false`);
}

async function cloneAndConnect(world: World, database: string): Promise<void> {
  await world.control.unsafe(`create database ${database} template ${TEMPLATE}`);
  await world.connect(database)`select 1`;
}
