import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fleetOperatorPlatform } from "@pharmasight/adapters/fleet-operator-platform";
import { leadSchema, migrate } from "@pharmasight/adapters/migrations/executor";
import { fingerprintHashOf } from "@pharmasight/adapters/migrations/fingerprint";
import type { Migration } from "@pharmasight/adapters/migrations/migration";
import { withSession } from "@pharmasight/adapters/postgres/session";
import { defaults, Fleet } from "@pharmasight/core/control/fleet/fleet";
import type { SchemaLead } from "@pharmasight/core/ports/schemas";
import type { DatabaseConnection } from "@pharmasight/local/control-database";
import type postgres from "postgres";
import { signUp } from "../harness/stack.ts";
import { register } from "./copies.ts";
import { type Arm, migrationsOfOurs, othersArms } from "./fleet-arms.ts";
import { bound, compare, median, type Result, timed } from "./report.ts";
import { type World, withWorld } from "./world.ts";

const ROUNDS = 3;
const TEMPLATE = "bench_fleet_template";
/** Databases made and dropped at once. */
const MAKERS = 4;
const SAMPLE_MS = 20;
const SETTLE_MS = 500;
/** Our own workers at once. */
const OURS = [1, 4, 8] as const;
const WORKERS_MAX = Math.max(...OURS);
const POISONED_ONE_IN = 100;
const FEW = 100;
const MANY = 1000;
const GROWTH_MAX_MIB = 32;
/** What a Lambda has. */
const LEAD_MS = 900_000;

/** What bringing many tenants' databases forward takes, against other runners on the same databases with the same SQL. */
export function fleet(): Promise<Result[]> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { tenants: { type: "string", default: "200" } },
  });
  return withWorld(async (world) => {
    const folder = await mkdtemp(join(tmpdir(), "pharmasight-fleet-"));
    try {
      return await measure(world, Number(values.tenants), folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function measure(world: World, count: number, folder: string): Promise<Result[]> {
  const migrations = await migrationsOfOurs();
  const up = (target: DatabaseConnection) => byUs(target, migrations);
  const ours = OURS.map((workers): Arm => ({ name: `ours, ${workers} at once`, workers, up }));
  const arms = [...(await othersArms(folder)), ...ours];
  await makeTemplate(world);
  await requireEqual(world, arms);
  const targets = Array.from({ length: count }, (_, index) => targetOf(world, `bench_fleet_${index}`));
  const apply = new Map<string, number[]>();
  const noOp = new Map<string, number[]>();
  let backends = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // Each round begins with another arm, so that none has the warmest or the coolest machine every time.
    for (const arm of rotated(arms, round * 2)) {
      await remake(world, targets);
      const watch = watchBackends(world);
      push(apply, arm.name, await timed(() => runAll(arm, targets)));
      push(noOp, arm.name, await timed(() => runAll(arm, targets)));
      backends = Math.max(backends, await watch.peak());
    }
  }
  for (const { name } of arms) console.log(`  ${name}: ${rates(count, apply.get(name), noOp.get(name))}`);
  // The last round may have ended with another arm, whose history ours does not read.
  await remake(world, targets);
  const results = [
    gate("apply, one at a time, of the Kysely loop's time", apply, OURS[0], 1 / 2),
    gate(`apply, ${WORKERS_MAX} at once, of the Kysely loop's time`, apply, WORKERS_MAX, 1 / 4),
    gate("nothing to do, one at a time, of the Kysely loop's time", noOp, OURS[0], 1 / 3),
    gate(`nothing to do, ${WORKERS_MAX} at once, of the Kysely loop's time`, noOp, WORKERS_MAX, 1 / 6),
    bound("backends at once, all arms", backends, count, WORKERS_MAX),
    await growth(targets, up),
    ...(await trouble(world, targets, migrations)),
  ];
  await dropAll(world, targets);
  return [...results, await checkOfCurrent(world, count)];
}

let leads = 0;

/** A lead as a claim gives it, with a fence of its own. */
function nextLead(): SchemaLead {
  leads += 1;
  return {
    deploymentId: crypto.randomUUID(),
    fence: String(leads),
    mayGoDown: false,
    signal: new AbortController().signal,
    timeLeftMs: () => LEAD_MS,
    isStopping: () => false,
    pace: async () => ({ batchSize: defaults.batchSize, delayMs: defaults.batchDelayMs }),
    progressed: async () => {},
  };
}

/** As a worker does it, fence and fingerprint included, without the control database and the secret around it. */
async function byUs(target: DatabaseConnection, migrations: readonly Migration[]): Promise<void> {
  const { host, port, database, user, password } = target;
  const outcome = await leadSchema({
    endpoint: { host, port, database },
    credential: { user, password },
    plane: "tenant",
    migrations,
    toVersion: migrations.at(-1)?.version ?? 0,
    lead: nextLead(),
    look: (session) => fingerprintHashOf(session, "tenant"),
  });
  if (outcome.kind !== "reached") throw new Error("message" in outcome ? outcome.message : outcome.kind);
}

/** A comparison of something else with something else is none: all arms have to lead to the same schema. */
async function requireEqual(world: World, arms: readonly Arm[]): Promise<void> {
  const target = targetOf(world, "bench_fleet_equal");
  const prints = new Map<string, string>();
  for (const arm of arms) {
    await remake(world, [target]);
    await arm.up(target);
    const { host, port, database, ...credential } = target;
    const options = { endpoint: { host, port, database }, credential, applicationName: "bench" };
    prints.set(arm.name, await withSession(options, (session) => fingerprintHashOf(session, "tenant")));
  }
  await dropAll(world, [target]);
  if (new Set(prints.values()).size !== 1) {
    throw new Error(`The arms lead to different schemas: ${JSON.stringify([...prints])}`);
  }
}

/** Our time over the Kysely loop's, round by round. */
function gate(name: string, times: ReadonlyMap<string, number[]>, workers: number, budget: number): Result {
  const baseline = times.get("Kysely Migrator") ?? [];
  const ours = times.get(`ours, ${workers} at once`) ?? [];
  const ratios = ours.map((ms, round) => ms / (baseline[round] ?? Number.NaN));
  const ratio = median(ratios);
  const spread = `${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}`;
  console.log(`  ${name}: ${ratio.toFixed(3)} (${spread}), ${(1 / ratio).toFixed(1)} times as fast`);
  return { ...compare(name, ratio, 1, budget), ours: Math.round(median(ours)), baseline: Math.round(median(baseline)) };
}

/** What this process holds after a thousand databases, beyond what it held after a hundred. */
async function growth(targets: readonly DatabaseConnection[], up: Arm["up"]): Promise<Result> {
  // Each worker has databases of its own: a schema that somebody is at is not waited for.
  const lead = (times: number) =>
    Promise.all(
      Array.from({ length: WORKERS_MAX }, async (_, worker) => {
        const own = targets.filter((_target, index) => index % WORKERS_MAX === worker);
        for (let done = 0; done < times / WORKERS_MAX; done++) {
          const target = own[done % own.length];
          if (target !== undefined) await up(target);
        }
      }),
    );
  await lead(FEW);
  const few = await heapMebibytes();
  await lead(MANY - FEW);
  const many = await heapMebibytes();
  console.log(`  heap after ${FEW} databases ${few.toFixed(1)} MiB, after ${MANY} ${many.toFixed(1)} MiB`);
  return bound(`growth of the heap from ${FEW} to ${MANY} databases, MiB`, many - few, few, GROWTH_MAX_MIB);
}

/** One in a hundred has a table of that name already, and of one somebody holds a table: all others get there. */
async function trouble(
  world: World,
  targets: readonly DatabaseConnection[],
  migrations: readonly Migration[],
): Promise<Result[]> {
  await remake(world, targets);
  const poisoned = targets.filter((_, index) => index % POISONED_ONE_IN === POISONED_ONE_IN / 2);
  for (const { database } of poisoned) {
    const sql = world.connect(database);
    await sql`create table pharmacy.bench_notes (id integer)`;
    await sql.end();
  }
  const [held] = targets.slice(1);
  if (held === undefined) throw new Error("There are too few databases.");
  const holder = world.connect(held.database);
  await holder.unsafe("begin; lock table pharmacy.items in access share mode");
  const failed = new Map<string, unknown>();
  const up: Arm["up"] = (target) =>
    byUs(target, migrations).catch((error: unknown) => void failed.set(target.database, error));
  const ms = await timed(() => runAll({ name: "ours", workers: WORKERS_MAX, up }, targets));
  await holder.unsafe("rollback");
  const expected = [...poisoned, held].map(({ database }) => database).sort();
  const isExact = JSON.stringify([...failed.keys()].sort()) === JSON.stringify(expected);
  console.log(
    `  ${poisoned.length} poisoned and one held of ${targets.length}: ${targets.length - failed.size} got there in ${(ms / 1000).toFixed(1)} s`,
  );
  for (const error of failed.values()) console.log(`    ${error instanceof Error ? error.message : String(error)}`);
  if (!isExact) throw new Error(`Others failed than were to: ${JSON.stringify([...failed])}`);
  return [bound("databases that failed, of those that had to", failed.size, expected.length, expected.length)];
}

/** Asking whether anybody of a current fleet is behind reads the control database only. */
async function checkOfCurrent(world: World, count: number): Promise<Result> {
  const model = await signUp(world.stack, "bench-model");
  const { control: controlAs, ports } = await fleetOperatorPlatform();
  const control = controlAs({ kind: "operator", operatorId: "bench" });
  const [row] = await world.control`select tenant_id from control.tenant_hosts where host = ${"bench-model"}`;
  for (let index = 1; index < count; index++) {
    const label = `bench-${index}`;
    await register(world, String(row?.["tenant_id"]), { tenantId: crypto.randomUUID(), label, reference: label });
  }
  const request = {
    ...defaults,
    toVersion: undefined,
    selection: { tenants: [], selector: "" },
    quietOverride: undefined,
    withoutRehearsal: undefined,
    reason: "the bench asks whether all are current",
  };
  const before = await sessions(world);
  const elapsed: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    elapsed.push(
      await timed(async () => {
        const { deploymentId } = await Fleet.deploy(control, ports, request);
        if (deploymentId !== undefined) throw new Error("Somebody was behind.");
      }),
    );
  }
  const opened = (await sessions(world)) - before;
  console.log(
    `  a current fleet of ${count} (${model.host} and copies) is found current in ${median(elapsed).toFixed(1)} ms`,
  );
  return bound(`connections to tenants' databases for ${count} that are current`, opened, count, 0);
}

/** Sessions that any database but the control plane's ever had. */
async function sessions(world: World): Promise<number> {
  await world.control`select pg_stat_force_next_flush()`;
  const [row] = await world.control`
    select coalesce(sum(sessions), 0)::int as count from pg_stat_database
    where datname like 'project_%' or datname like 'ps_%'`;
  return Number(row?.["count"]);
}

async function runAll(arm: Arm, targets: readonly DatabaseConnection[]): Promise<void> {
  const left = [...targets].reverse();
  const worker = async (): Promise<void> => {
    for (let target = left.pop(); target !== undefined; target = left.pop()) await arm.up(target);
  };
  await Promise.all(Array.from({ length: arm.workers }, worker));
}

function targetOf({ stack }: World, database: string): DatabaseConnection {
  const { host, port, superuser } = stack.cluster;
  return { host, port, database, ...superuser };
}

async function makeTemplate(world: World): Promise<void> {
  await world.control.unsafe(`create database ${TEMPLATE}`);
  const { host, port, superuser } = world.stack.cluster;
  await migrate({ endpoint: { host, port, database: TEMPLATE }, credential: superuser, plane: "tenant" });
  await world.control.unsafe(`alter database ${TEMPLATE} with is_template true allow_connections false`);
}

const remake = (world: World, targets: readonly DatabaseConnection[]): Promise<void> =>
  forEach(world, targets, async (sql, { database }) => {
    await sql.unsafe(`drop database if exists ${database} with (force)`);
    await sql.unsafe(`create database ${database} template ${TEMPLATE}`);
  });

const dropAll = (world: World, targets: readonly DatabaseConnection[]): Promise<void> =>
  forEach(world, targets, async (sql, { database }) => {
    await sql.unsafe(`drop database if exists ${database} with (force)`);
  });

async function forEach(
  world: World,
  targets: readonly DatabaseConnection[],
  work: (sql: postgres.Sql, target: DatabaseConnection) => Promise<void>,
): Promise<void> {
  const makers = Array.from({ length: MAKERS }, () => world.connect("postgres"));
  const left = [...targets];
  await Promise.all(
    makers.map(async (sql) => {
      for (let target = left.pop(); target !== undefined; target = left.pop()) await work(sql, target);
      await sql.end();
    }),
  );
}

/** Samples how many backends the arms have open. */
function watchBackends({ control }: World): { peak(): Promise<number> } {
  let peak = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const [row] = await control`
        select count(*)::int as count from pg_stat_activity where datname ~ '^bench_fleet_[0-9]+$'`;
      peak = Math.max(peak, Number(row?.["count"]));
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  })();
  return {
    peak: async () => {
      isOver = true;
      await watching;
      return peak;
    },
  };
}

/** What the heap holds once garbage is gone. */
async function heapMebibytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  // What sockets that are closing hold goes with them.
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const rotated = <T>(list: readonly T[], by: number): T[] => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
];

function push(times: Map<string, number[]>, name: string, ms: number): void {
  times.set(name, [...(times.get(name) ?? []), ms]);
}

function rates(count: number, apply: readonly number[] = [], noOp: readonly number[] = []): string {
  const rate = (times: readonly number[]) => `${((count / median(times)) * 1000).toFixed(0)}/s`;
  return `apply ${rate(apply)}, nothing to do ${rate(noOp)}`;
}
