import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import postgres from "postgres";
import * as z from "zod";
import { eventually } from "../harness/stack.ts";
import type { PlatformReady } from "./platform.ts";
import { type Restartable, restartable } from "./restartable.ts";

/** From a death to the next start: more than a lease, a late hint and a mail's visibility timeout. */
const DOWN_SECONDS = 200;
/** How far into a step a kill falls, in turn. */
const INTO_STEP_MS = [0, 15, 30, 60];

export interface Life extends PlatformReady {
  readonly sql: postgres.Sql;
}

/** A platform on one folder that is killed and started again and again. */
export class Lives {
  readonly #platform: Restartable;
  #sql: postgres.Sql | undefined;

  private constructor(platform: Restartable) {
    this.#platform = platform;
  }

  /** @param planPlaces as of `restartable` */
  static async begin(planPlaces?: string): Promise<Lives> {
    return new Lives(await restartable(DOWN_SECONDS, planPlaces));
  }

  async end(): Promise<void> {
    await this.kill();
    await this.#platform.remove();
  }

  async start(): Promise<Life> {
    const ready = await this.#platform.start();
    // A death takes this connection along.
    this.#sql = postgres({ ...ready.control, max: 1, onnotice: () => {} });
    return { ...ready, sql: this.#sql };
  }

  async kill(): Promise<void> {
    await this.#platform.kill();
    await this.#sql?.end({ timeout: 0 });
  }

  /**
   * Kills the platform at every place once, where it passes by, and starts it again.
   * @returns where it was killed, in order
   */
  async killAtEach(places: readonly string[], life: Life): Promise<{ killedAt: readonly string[]; life: Life }> {
    let current = life;
    const passed = new Set<string>();
    const killedAt: string[] = [];
    while (places.some((place) => !passed.has(place))) {
      const reached = await eventually("the next place", async () => {
        const fresh = (await placesReached(current.sql)).filter(
          (place) => places.includes(place) && !passed.has(place),
        );
        return fresh.length > 0 ? fresh : undefined;
      });
      const place = reached.at(-1) ?? "";
      const [name = "", where] = place.split(" ");
      if (where === "recording") await current.sql`insert into control.caught values (${name})`;
      if (where === "running") await sleep(INTO_STEP_MS[killedAt.length % INTO_STEP_MS.length]);
      await this.kill();
      for (const before of reached) passed.add(before);
      killedAt.push(place);
      current = await this.start();
    }
    return { killedAt, life: current };
  }

  /** The memory of a stand-in. */
  async read<T extends z.ZodType>(file: string, schema: T): Promise<z.output<T>> {
    return schema.parse(JSON.parse(await readFile(join(this.#platform.folder, "state", file), "utf8")));
  }

  /** Mails that the mail service was given, by all lives. */
  async mailsSent(): Promise<number> {
    return (await readFile(join(this.#platform.folder, "mails"), "utf8")).trim().split("\n").length;
  }

  /** The settings that the running platform left for the operators' command. */
  async operatorEnvironment(): Promise<NodeJS.Dict<string>> {
    return parseEnv(await readFile(join(this.#platform.folder, "state", "operator.env"), "utf8"));
  }

  /** `npm run provisioning -- …` beside the running platform. */
  async operate(...args: readonly string[]): Promise<{ code: number; output: string }> {
    const env = `--env-file=${join(this.#platform.folder, "state", "operator.env")}`;
    const script = join(import.meta.dirname, "../../scripts/provisioning.ts");
    const child = spawn(process.execPath, [env, "--import", "tsx", script, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    return { code: Number(code), output: output + errors };
  }

  /** The stand-in for Stripe keeps a line for each request: rows by kind and id, null for one that is gone. */
  async #customers() {
    const text = await readFile(join(this.#platform.folder, "state", "stripe.json"), "utf8");
    const rows = new Map<string, unknown>();
    for (const line of text.split("\n").slice(1, -1)) {
      const changes = z.array(z.tuple([z.string(), z.string(), z.unknown()])).parse(JSON.parse(line));
      for (const [kind, id, row] of changes) if (kind === "customers") rows.set(id, row);
    }
    const customer = z.looseObject({ id: z.string(), metadata: z.record(z.string(), z.string()) });
    return z.array(customer).parse([...rows.values()].filter((row) => row !== null));
  }

  /** What the stand-ins hold of a tenant, by the names that carry its id. */
  async leftAtVendors(tenantId: string) {
    const named = z.looseObject({ name: z.string() });
    const { projects } = await this.read(
      "supabase.json",
      z.object({ projects: z.array(named.extend({ ref: z.string() })) }),
    );
    const customers = await this.#customers();
    const { secrets } = await this.read(
      "secrets.json",
      z.object({ secrets: z.array(named.extend({ arn: z.string() })) }),
    );
    return {
      projects: projects.filter(({ name }) => name.endsWith(tenantId)).map(({ ref }) => ref),
      customers: customers.filter(({ metadata }) => metadata.tenant_id === tenantId).map(({ id }) => id),
      secrets: secrets.filter(({ name }) => name.includes(`/tenants/${tenantId}/`)).map(({ arn }) => arn),
    };
  }
}

/**
 * Where the platform is killed: while a step runs; when everything that it does is done but not yet committed to the
 * record; and for some, right after, where a hint for the next step or a mail may be lost.
 */
export const placesOf = (names: readonly string[], alsoAfter: ReadonlySet<string> = new Set()): readonly string[] =>
  names.flatMap((name) => [`${name} running`, `${name} recording`, ...(alsoAfter.has(name) ? [`${name} done`] : [])]);

/** The places that the job has come to, in their order. */
async function placesReached(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql`
    select name, state,
      exists (select from pg_stat_activity where application_name = 'recording ' || name) as recording
    from control.provisioning_steps order by position`;
  return rows.flatMap(({ name, state, recording }) => {
    if (state === "done") return [`${name} running`, `${name} recording`, `${name} done`];
    if (recording) return [`${name} running`, `${name} recording`];
    return state === "running" ? [`${name} running`] : [];
  });
}

/**
 * Every change of a step takes a moment to commit, so that it is seen; the last one says so, and waits the first time
 * until it is caught.
 * @param names the steps that are to be caught
 */
export async function slowDown(sql: postgres.Sql, names: readonly string[]): Promise<void> {
  await sql.unsafe(`
    create table control.caught (name text primary key);
    create function control.take_a_moment() returns trigger language plpgsql security definer as $$
    begin
      if new.state = 'done' and new.name in (${names.map((name) => `'${name}'`).join(", ")})
        and not exists (select from control.caught c where c.name = new.name)
      then
        perform set_config('application_name', 'recording ' || new.name, true);
        perform pg_sleep(10);
      end if;
      perform pg_sleep(0.06);
      return null;
    end $$;
    create trigger take_a_moment after update on control.provisioning_steps
      for each row execute function control.take_a_moment();
  `);
}
