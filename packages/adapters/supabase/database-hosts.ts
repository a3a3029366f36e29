import { DomainError, notFound, unavailable } from "@pharmasight/core/kernel/errors";
import type { DatabaseHosts, DatabaseProject, ListedProject } from "@pharmasight/core/ports/database-hosts";
import * as z from "zod";
import { managementApi } from "./management-api.ts";

const projectReply = z.object({ ref: z.string(), name: z.string(), status: z.string() });
const projectListReply = z.object({
  projects: z.array(projectReply.extend({ inserted_at: z.string() })),
  pagination: z.object({ count: z.number() }),
});
const healthReply = z.array(z.object({ name: z.string(), status: z.string() }));
const poolerReply = z.array(
  z.object({
    database_type: z.string(),
    pool_mode: z.string(),
    db_host: z.string().min(1),
    db_port: z.number().int(),
    db_name: z.string().min(1),
    db_user: z.string().min(1),
  }),
);

const REQUEST_TIMEOUT_MS = 15_000;
const PAGE_SIZE = 100;
const RETRY_SECONDS = 10;
/** What a project that is being made or changed may answer to a deletion; Supabase describes none of them. */
const NOT_DELETABLE_YET = [400, 409, 422, 423, 425];

/** One Supabase project for each tenant, through the Management API. */
export function supabaseDatabaseHosts(options: {
  readonly apiUrl: string;
  readonly token: () => Promise<string>;
  /** Slug of the organization that owns the projects. */
  readonly organization: string;
  /** Where the shared pooler gives each connection a session: the API tells its transaction port only. */
  readonly sessionPort: number;
  readonly timeoutMs?: number;
}): DatabaseHosts {
  const { apiUrl, token, organization, sessionPort, timeoutMs = REQUEST_TIMEOUT_MS } = options;
  const api = managementApi({ apiUrl, token, timeoutMs });

  const inspect = async (ref: string): Promise<DatabaseProject> => {
    const project = await api.call({ method: "GET", path: pathOf(ref) }, projectReply);
    if (project === undefined) return { ref, name: undefined, status: "removed" };
    const status = statusOf(project.status);
    return { ref, name: project.name, status: status === "healthy" ? await health(ref) : status };
  };

  /** A project says it is healthy before its pooler knows the database. */
  const health = async (ref: string): Promise<"ready" | "creating"> => {
    const services = ["db", "pooler"];
    const query = { services: services.join(",") };
    const reply = await api.call({ method: "GET", path: `${pathOf(ref)}/health`, query }, healthReply);
    const isUp = (service: string) =>
      reply?.some(({ name, status }) => name === service && status === "ACTIVE_HEALTHY");
    return services.every(isUp) ? "ready" : "creating";
  };

  const list: DatabaseHosts["list"] = async (namePart, after = "0") => {
    const query = { search: namePart, sort: "created_asc", limit: String(PAGE_SIZE), offset: after };
    const path = `/v1/organizations/${organization}/projects`;
    const page = await api.call({ method: "GET", path, query }, projectListReply);
    if (page === undefined) throw notFound("Supabase organization");
    const end = Number(after) + PAGE_SIZE;
    return { projects: page.projects.map(listed), next: end < page.pagination.count ? String(end) : undefined };
  };

  return {
    list,

    find: async (name) => {
      const namesakes: ListedProject[] = [];
      let after: string | undefined;
      do {
        const page = await list(name, after);
        namesakes.push(...page.projects.filter((project) => project.name === name && project.status !== "removed"));
        after = page.next;
      } while (after !== undefined);
      const oldestFirst = namesakes.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
      const found = oldestFirst.find(({ status }) => status !== "failed") ?? oldestFirst[0];
      return found === undefined ? undefined : inspect(found.ref);
    },

    create: async (project) => {
      const created = await api.call(
        {
          method: "POST",
          path: "/v1/projects",
          body: {
            name: project.name,
            organization_slug: organization,
            db_pass: project.ownerPassword,
            region_selection: { type: "specific", code: project.region },
            desired_instance_size: project.size,
          },
          secrets: [project.ownerPassword],
        },
        projectReply,
      );
      if (created === undefined) throw notFound("Supabase organization");
      // Not yet inspected, so at best being made.
      const status = statusOf(created.status);
      return { ref: created.ref, name: created.name, status: status === "healthy" ? "creating" : status };
    },

    inspect,

    endpoints: async (ref) => {
      const poolers = await api.call({ method: "GET", path: `${pathOf(ref)}/config/database/pooler` }, poolerReply);
      if (poolers === undefined) throw notFound("database project");
      const pooler = poolers.find((entry) => entry.database_type === "PRIMARY" && entry.pool_mode === "transaction");
      if (pooler === undefined) throw unavailable("The project has no transaction pooler yet.", RETRY_SECONDS);
      const pooled = { host: pooler.db_host, port: pooler.db_port, database: pooler.db_name };
      return { pooled, session: { ...pooled, port: sessionPort }, ownerUser: pooler.db_user, userSuffix: `.${ref}` };
    },

    delete: async (ref) => {
      try {
        await api.call({ method: "DELETE", path: pathOf(ref), notYet: NOT_DELETABLE_YET }, z.unknown());
        return { isAccepted: true };
      } catch (error) {
        if (error instanceof DomainError && error.code === "conflict") return { isAccepted: false };
        throw error;
      }
    },
  };
}

/** A ref may come from a person's keyboard: it must not lead to another path. */
const pathOf = (ref: string): string => `/v1/projects/${encodeURIComponent(ref)}`;

function listed(project: z.output<typeof projectListReply>["projects"][number]): ListedProject {
  const status = statusOf(project.status);
  return {
    ref: project.ref,
    name: project.name,
    status: status === "healthy" ? "up" : status,
    createdAt: new Date(project.inserted_at),
  };
}

/** Supabase's status in our words. `healthy` is a claim about the database alone. */
function statusOf(status: string): "creating" | "healthy" | "failed" | "removed" {
  switch (status) {
    case "ACTIVE_HEALTHY":
      return "healthy";
    case "INIT_FAILED":
      return "failed";
    case "GOING_DOWN":
    case "REMOVED":
      return "removed";
    default:
      return "creating";
  }
}
