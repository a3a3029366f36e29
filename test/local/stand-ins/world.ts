import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@pharmasight/core/kernel/clock";
import { startCluster } from "@pharmasight/local/postgres/cluster";
import { startSecretsManager } from "@pharmasight/local/stand-ins/secrets-manager";
import { type Supabase, type SupabaseOptions, startSupabase } from "@pharmasight/local/stand-ins/supabase";
import { vi } from "vitest";

/** A clock that moves only when told. */
export interface ManualClock extends Clock {
  advance(seconds: number): void;
}

export function manualClock(start = new Date("2026-11-01T08:00:00Z")): ManualClock {
  let at = start.getTime();
  return {
    now: () => new Date(at),
    advance: (seconds) => {
      at += seconds * 1000;
    },
  };
}

export interface Scratch {
  readonly path: (name: string) => string;
  remove(): Promise<void>;
}

export async function scratchFolder(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-stand-ins-"));
  return { path: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What the AWS SDK reads from the environment of a Lambda. */
export function stubAwsEnvironment(endpoints: Readonly<Record<string, string>>): void {
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
  for (const [service, url] of Object.entries(endpoints)) vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, url);
}

/** Secrets Manager on a free port, with the SDK pointed at it. */
export async function startTestSecretsManager(file: string, clock?: Clock) {
  const server = await startSecretsManager({ file, port: 0, ...(clock === undefined ? {} : { clock }) });
  stubAwsEnvironment({ SECRETS_MANAGER: server.url });
  return server;
}

export interface SupabaseWorld {
  readonly supabase: Supabase;
  readonly cluster: SupabaseOptions["cluster"];
  /** A direct call of the Management API. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; headers: Headers; body: unknown }>;
  /** Makes a project and waits for its database and pooler. @returns its ref */
  createProject(name: string, password: string): Promise<string>;
  /** Ends the stand-in and starts another on the same file, ports and cluster. */
  restart(): Promise<SupabaseWorld>;
  stop(): Promise<void>;
}

/**
 * Supabase on a cluster in memory.
 * @param options.projects names of projects that it remembers from an earlier run, without databases behind them
 */
export async function startSupabaseWorld(
  options: { waitSeconds?: number; clock?: Clock; projects?: readonly string[] } = {},
): Promise<SupabaseWorld> {
  const scratch = await scratchFolder();
  if (options.projects !== undefined) {
    const createdAt = (options.clock ?? systemClock).now().toISOString();
    const projects = options.projects.map((name, index) => {
      const letters = index
        .toString(26)
        .replaceAll(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)));
      return { ref: letters.padStart(20, "a"), name, region: "eu-central-1", size: "micro", createdAt, built: true };
    });
    await writeFile(scratch.path("supabase.json"), JSON.stringify({ token: "sbp_seeded", projects }));
  }
  const cluster = await startCluster({ dataDir: scratch.path("data"), inMemory: true, log: () => undefined });
  const start = async (port: number, poolerPorts: SupabaseOptions["poolerPorts"]): Promise<SupabaseWorld> => {
    const supabase = await startSupabase({
      file: scratch.path("supabase.json"),
      port,
      cluster,
      poolerPorts,
      waitSeconds: options.waitSeconds ?? 0,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
    const call: SupabaseWorld["call"] = async (method, path, body) => {
      const response = await fetch(`${supabase.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${supabase.token}` },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    return {
      supabase,
      cluster,
      call,
      createProject: async (name, password) => {
        const created = await call("POST", "/v1/projects", newProject(supabase, name, password));
        const { ref } = created.body as { ref: string };
        await vi.waitUntil(() => supabase.projects().find((project) => project.ref === ref)?.built, {
          timeout: 20_000,
        });
        return ref;
      },
      restart: async () => {
        await supabase.stop();
        return start(Number(new URL(supabase.url).port), {
          transaction: supabase.transactionPort,
          session: supabase.sessionPort,
        });
      },
      stop: async () => {
        await supabase.stop();
        await cluster.stop();
        await scratch.remove();
      },
    };
  };
  return start(0, { transaction: 0, session: 0 });
}

export const newProject = (supabase: Supabase, name: string, password: string) => ({
  name,
  organization_slug: supabase.organization,
  db_pass: password,
  region_selection: { type: "specific", code: supabase.region },
  desired_instance_size: "micro",
});
