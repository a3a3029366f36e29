import { notFound, unavailable } from "@pharmasight/core/kernel/errors";
import type { DatabaseHosts, DatabaseProject } from "@pharmasight/core/ports/database-hosts";
import * as z from "zod";
import { managementApi } from "./management-api.ts";

const projectReply = z.object({ ref: z.string(), status: z.string() });
const projectListReply = z.object({
  projects: z.array(projectReply.extend({ name: z.string(), inserted_at: z.string() })),
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
    const project = await api.call({ method: "GET", path: `/v1/projects/${ref}` }, projectReply);
    if (project === undefined) return { ref, status: "removed" };
    const status = statusOf(project.status);
    return { ref, status: status === "healthy" ? await health(ref) : status };
  };

  /** A project says it is healthy before its pooler knows the database. */
  const health = async (ref: string): Promise<"ready" | "creating"> => {
    const services = ["db", "pooler"];
    const query = { services: services.join(",") };
    const reply = await api.call({ method: "GET", path: `/v1/projects/${ref}/health`, query }, healthReply);
    const isUp = (service: string) =>
      reply?.some(({ name, status }) => name === service && status === "ACTIVE_HEALTHY");
    return services.every(isUp) ? "ready" : "creating";
  };

  return {
    find: async (name) => {
      const namesakes: z.output<typeof projectListReply>["projects"] = [];
      for (let offset = 0, count = 1; offset < count; offset += PAGE_SIZE) {
        const page = await api.call(
          {
            method: "GET",
            path: `/v1/organizations/${organization}/projects`,
            query: { search: name, sort: "created_asc", limit: String(PAGE_SIZE), offset: String(offset) },
          },
          projectListReply,
        );
        if (page === undefined) throw notFound("Supabase organization");
        namesakes.push(...page.projects.filter((project) => project.name === name));
        count = page.pagination.count;
      }
      const [oldest] = namesakes
        .filter(({ status }) => statusOf(status) !== "removed")
        .toSorted((a, b) => Date.parse(a.inserted_at) - Date.parse(b.inserted_at));
      return oldest === undefined ? undefined : inspect(oldest.ref);
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
      return { ref: created.ref, status: status === "healthy" ? "creating" : status };
    },

    inspect,

    endpoints: async (ref) => {
      const poolers = await api.call(
        { method: "GET", path: `/v1/projects/${ref}/config/database/pooler` },
        poolerReply,
      );
      if (poolers === undefined) throw notFound("database project");
      const pooler = poolers.find((entry) => entry.database_type === "PRIMARY" && entry.pool_mode === "transaction");
      if (pooler === undefined) throw unavailable("The project has no transaction pooler yet.", RETRY_SECONDS);
      const pooled = { host: pooler.db_host, port: pooler.db_port, database: pooler.db_name };
      return { pooled, session: { ...pooled, port: sessionPort }, ownerUser: pooler.db_user, userSuffix: `.${ref}` };
    },

    delete: async (ref) => {
      await api.call({ method: "DELETE", path: `/v1/projects/${ref}` }, z.unknown());
    },
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
