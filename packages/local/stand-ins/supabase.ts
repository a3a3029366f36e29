import { type Clock, MINUTE_SECONDS, systemClock } from "@pharmasight/core/kernel/clock";
import type * as z from "zod";
import {
  type Call,
  describeIssue,
  type HttpServer,
  parseJson,
  Refusal,
  type Reply,
  serveVendor,
  settle,
} from "./http.ts";
import { ProjectDatabases, type SharedCluster } from "./supabase-databases.ts";
import { type Outage, type Pooler, startPooler } from "./supabase-pooler.ts";
import { type ProjectFate, Projects, type SupabaseProject } from "./supabase-projects.ts";
import { createProjectBody, healthQuery, listProjectsQuery, noQuery } from "./supabase-requests.ts";

export interface SupabaseOptions {
  readonly file: string;
  /** Of the Management API; 0 for any free one. */
  readonly port: number;
  readonly cluster: SharedCluster;
  readonly poolerPorts: { readonly transaction: number; readonly session: number };
  /** From the creation of a project to a healthy database. */
  readonly waitSeconds: number;
  /** Group roles of the product, see `ProjectDatabases`. */
  readonly sharedRoles?: readonly string[];
  readonly clock?: Clock;
}

export interface Supabase extends HttpServer {
  readonly token: string;
  readonly organization: string;
  readonly region: string;
  readonly transactionPort: number;
  /** Where the pooler gives each connection a session. The API tells the other port only, as Supabase's does. */
  readonly sessionPort: number;
  projects(): readonly SupabaseProject[];
  /** Ends the connections of a project and refuses new ones until `startDatabase`. */
  stopDatabase(ref: string, outage?: Outage): void;
  startDatabase(ref: string): void;
  killConnections(ref: string): void;
  /** What becomes of the next projects instead of a healthy one, one each. */
  foretell(...fates: readonly ProjectFate[]): void;
  /** How long a deleted project is still listed as GOING_DOWN; 0, as at the start, for not at all. */
  slowRemoval(seconds: number): void;
}

const ORGANIZATION = "pharmasight-local";
const REGION = "eu-central-1";
const CALLS_PER_MINUTE = 120;

/**
 * Stands in for Supabase: the six calls of the Management API that the product makes, a database in one shared cluster
 * for each project, and the pooler in front of them. Projects survive a restart and go on waiting by wall time.
 * @throws Error of a listening socket, or when the cluster does not answer
 */
export async function startSupabase(options: SupabaseOptions): Promise<Supabase> {
  const { cluster, clock = systemClock, sharedRoles = ["pharmacy_app", "pharmacy_reader"] } = options;
  const databases = new ProjectDatabases(cluster, sharedRoles);
  await databases.prepareCluster();
  const projects = new Projects(options.file, databases, clock, options.waitSeconds);
  const pooler = await startPooler({
    cluster,
    databases,
    ports: options.poolerPorts,
    isServed: (ref) => {
      const project = projects.find(ref);
      return project !== undefined && projects.isPoolerUp(project);
    },
  });
  const limiter = new RateLimiter(clock);
  const server = await serveVendor(options.port, {
    handle: (call) => answer({ projects, pooler, limiter }, call),
    refuse: (status, seconds) => {
      if (status === 500) return failure(500, "Internal server error");
      if (status === 409) return failure(409, "The project is not in a state that allows this.");
      const wait = String(seconds);
      return failure(429, "ThrottlerException: Too Many Requests", { "retry-after": wait, "x-ratelimit-reset": wait });
    },
  });
  return {
    ...server,
    token: projects.token,
    organization: ORGANIZATION,
    region: REGION,
    transactionPort: pooler.transactionPort,
    sessionPort: pooler.sessionPort,
    projects: () => projects.list(),
    stopDatabase: (ref, outage = "error") => pooler.stopDatabase(ref, outage),
    startDatabase: pooler.startDatabase,
    killConnections: pooler.killConnections,
    foretell: (...fates) => projects.foretell(...fates),
    slowRemoval: (seconds) => projects.slowRemoval(seconds),
    stop: async () => {
      await Promise.all([server.stop(), pooler.stop()]);
      await projects.settled();
    },
  };
}

interface World {
  readonly projects: Projects;
  readonly pooler: Pooler;
  readonly limiter: RateLimiter;
}

/** The path's one variable part, a ref or an organization, is the scope of the rate limit. */
type Route = readonly [pattern: RegExp, respond: (world: World, call: Call, scope: string) => Reply | Promise<Reply>];

const routes: readonly Route[] = [
  [/^GET \/v1\/organizations\/([\w-]+)\/projects$/, listProjects],
  [/^POST \/v1\/projects$/, createProject],
  [/^GET \/v1\/projects\/([a-z]{20})$/, getProject],
  [/^GET \/v1\/projects\/([a-z]{20})\/health$/, getHealth],
  [/^GET \/v1\/projects\/([a-z]{20})\/config\/database\/pooler$/, getPoolerConfig],
  [/^DELETE \/v1\/projects\/([a-z]{20})$/, deleteProject],
];

async function answer(world: World, call: Call): Promise<Reply> {
  if (call.headers.authorization !== `Bearer ${world.projects.token}`) return failure(401, "Unauthorized");
  const name = `${call.method} ${call.path}`;
  for (const [pattern, respond] of routes) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const scope = match[1] ?? ORGANIZATION;
    const limit = world.limiter.count(`${pattern.source} ${scope}`);
    const reply = limit.exceeded
      ? failure(429, "ThrottlerException: Too Many Requests")
      : await settle(() => respond(world, call, scope));
    return { ...reply, headers: { ...reply.headers, ...limit.headers } };
  }
  return failure(404, `Cannot ${name}`);
}

function listProjects({ projects }: World, call: Call, slug: string): Reply {
  if (slug !== ORGANIZATION) throw refusal(403, "Forbidden resource");
  const { search = "", limit, offset, sort } = query(listProjectsQuery, call);
  const found = projects
    .list()
    .filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()))
    .toSorted((a, b) => (sort === "name_asc" ? compare(a.name, b.name) : compare(a.createdAt, b.createdAt)));
  const page = found.slice(offset, offset + limit).map((project) => ({
    ref: project.ref,
    name: project.name,
    cloud_provider: "AWS",
    region: project.region,
    is_branch: false,
    status: projects.status(project),
    inserted_at: project.createdAt,
    databases: [
      {
        identifier: project.ref,
        type: "PRIMARY",
        region: project.region,
        status: projects.status(project),
        cloud_provider: "AWS",
        infra_compute_size: project.size,
      },
    ],
  }));
  return ok({ projects: page, pagination: { count: found.length, limit, offset } });
}

async function createProject({ projects }: World, call: Call): Promise<Reply> {
  query(noQuery, call);
  const body = createProjectBody.safeParse(parseJson(call.body));
  if (!body.success) throw invalid(body.error);
  const { name, organization_slug, db_pass, region_selection, desired_instance_size } = body.data;
  if (organization_slug !== ORGANIZATION) throw refusal(403, "Forbidden resource");
  const project = await projects.create({
    name,
    password: db_pass,
    region: region_selection.code,
    size: desired_instance_size ?? "nano",
  });
  return { status: 201, body: present(project, "UNKNOWN") };
}

function getProject({ projects }: World, call: Call, ref: string): Reply {
  query(noQuery, call);
  const project = existing(projects, ref);
  return ok({
    ...present(project, projects.status(project)),
    database: { host: `db.${ref}.supabase.co`, version: "17.6.1.011", postgres_engine: "17", release_channel: "ga" },
  });
}

function getHealth({ projects, pooler }: World, call: Call, ref: string): Reply {
  const { services } = query(healthQuery, call);
  const project = existing(projects, ref);
  const up = { db: projects.status(project) === "ACTIVE_HEALTHY", pooler: projects.isPoolerUp(project) };
  return ok(
    services.map((name) => {
      const status = !up[name] ? "COMING_UP" : pooler.isStopped(ref) ? "UNHEALTHY" : "ACTIVE_HEALTHY";
      return { name, status, healthy: status === "ACTIVE_HEALTHY" };
    }),
  );
}

function getPoolerConfig({ projects, pooler }: World, call: Call, ref: string): Reply {
  query(noQuery, call);
  existing(projects, ref);
  const connection = `postgresql://postgres.${ref}:[YOUR-PASSWORD]@127.0.0.1:${pooler.transactionPort}/postgres`;
  return ok([
    {
      identifier: ref,
      database_type: "PRIMARY",
      is_using_scram_auth: true,
      db_user: `postgres.${ref}`,
      db_host: "127.0.0.1",
      db_port: pooler.transactionPort,
      db_name: "postgres",
      connection_string: connection,
      connectionString: connection,
      default_pool_size: 15,
      max_client_conn: 200,
      pool_mode: "transaction",
    },
  ]);
}

async function deleteProject({ projects, pooler }: World, call: Call, ref: string): Promise<Reply> {
  query(noQuery, call);
  const { name, goneFrom } = existing(projects, ref);
  if (goneFrom !== undefined) return ok({ id: 1, ref, name });
  pooler.killConnections(ref);
  await projects.remove(ref);
  return ok({ id: 1, ref, name });
}

function existing(projects: Projects, ref: string): SupabaseProject {
  const project = projects.find(ref);
  if (project === undefined) throw refusal(404, "Project not found");
  return project;
}

const present = (project: SupabaseProject, status: string) => ({
  id: project.ref,
  ref: project.ref,
  organization_id: ORGANIZATION,
  organization_slug: ORGANIZATION,
  name: project.name,
  region: project.region,
  created_at: project.createdAt,
  status,
});

function query<T extends z.ZodType>(schema: T, call: Call): z.output<T> {
  const result = schema.safeParse(Object.fromEntries(call.query));
  if (!result.success) throw invalid(result.error);
  return result.data;
}

function invalid(error: z.ZodError): Refusal {
  const { parameter, message } = describeIssue(error);
  return refusal(400, `${parameter}: ${message}`);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const ok = (body: unknown): Reply => ({ status: 200, body });
const refusal = (status: number, message: string): Refusal => new Refusal(failure(status, message));
const failure = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  body: { message },
  headers,
});

/** 120 calls a minute for each endpoint and project or organization, in windows that begin with a first call. */
class RateLimiter {
  readonly #clock: Clock;
  readonly #windows = new Map<string, { startedAt: number; calls: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(key: string): { exceeded: boolean; headers: Readonly<Record<string, string>> } {
    const seconds = this.#clock.now().getTime() / 1000;
    let window = this.#windows.get(key);
    if (window === undefined || window.startedAt + MINUTE_SECONDS <= seconds) {
      window = { startedAt: seconds, calls: 0 };
      this.#windows.set(key, window);
    }
    window.calls += 1;
    return {
      exceeded: window.calls > CALLS_PER_MINUTE,
      headers: {
        "x-ratelimit-limit": String(CALLS_PER_MINUTE),
        "x-ratelimit-remaining": String(Math.max(0, CALLS_PER_MINUTE - window.calls)),
        "x-ratelimit-reset": String(Math.ceil(window.startedAt + MINUTE_SECONDS - seconds)),
      },
    };
  }
}
