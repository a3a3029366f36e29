import type { DatabaseProvider, ListedProject } from "../../ports/database-hosts.ts";
import type { ControlScope } from "../scope.ts";
import { adoptionsOf } from "./adoptions.ts";
import { type ConfiguredHosts, configuredHosts } from "./places.ts";
import { PROJECT_PREFIX, projectNameOf } from "./step.ts";

export interface OrphanProject extends ListedProject {
  readonly provider: DatabaseProvider;
  /**
   * - `unknown`: named for a tenant that is not here
   * - `rolled_back`: the provisioning was taken back; one that turned up afterwards
   * - `adopted`: left when the provisioning was taken back, because a person had made it
   * - `replaced`: the tenant has another database
   */
  readonly why: "unknown" | "rolled_back" | "adopted" | "replaced";
}

/**
 * Projects at the providers that carry our name and serve nobody: each costs money every month. Listed, never deleted:
 * an organization that two stages share shows each the other's.
 */
export async function orphans(control: ControlScope, configured: ConfiguredHosts): Promise<readonly OrphanProject[]> {
  const found: OrphanProject[] = [];
  for (const { provider, hosts } of configuredHosts(configured)) {
    let after: string | undefined;
    do {
      const page = await hosts.list(PROJECT_PREFIX, after);
      const ours = page.projects.filter(({ name, status }) => name.startsWith(PROJECT_PREFIX) && status !== "removed");
      found.push(...(await orphansAmong(control, provider, ours)));
      after = page.next;
    } while (after !== undefined);
  }
  return found;
}

async function orphansAmong(
  control: ControlScope,
  provider: DatabaseProvider,
  projects: readonly ListedProject[],
): Promise<OrphanProject[]> {
  if (projects.length === 0) return [];
  const owners = await control.db
    .selectFrom("tenantDatabases")
    .innerJoin("provisioningJobs", "provisioningJobs.tenantId", "tenantDatabases.tenantId")
    .select([
      "tenantDatabases.tenantId",
      "tenantDatabases.provider",
      "tenantDatabases.projectRef",
      "tenantDatabases.isAdopted",
      "provisioningJobs.state",
    ])
    .where((e) =>
      e.or([
        e(
          "tenantDatabases.projectName",
          "in",
          projects.map(({ name }) => name),
        ),
        e(
          "tenantDatabases.projectRef",
          "in",
          projects.map(({ ref }) => ref),
        ),
      ]),
    )
    .execute();
  const rolledBack = owners.filter(({ state }) => state === "rolled_back").map(({ tenantId }) => tenantId);
  const adopted = new Set((await adoptionsOf(control, rolledBack)).map(({ projectRef }) => projectRef));
  return projects.flatMap((project): OrphanProject[] => {
    const orphan = (why: OrphanProject["why"]): OrphanProject[] => [{ ...project, provider, why }];
    const recorded = owners.find((owner) => owner.provider === provider && owner.projectRef === project.ref);
    if (recorded !== undefined) return recorded.state === "rolled_back" ? orphan("adopted") : [];
    const named = owners.find(({ tenantId }) => projectNameOf(tenantId) === project.name);
    if (named === undefined) return orphan("unknown");
    if (named.state === "rolled_back") return orphan(adopted.has(project.ref) ? "adopted" : "rolled_back");
    // Being made, or being deleted: its job still has it in hand.
    const isBeingMade = named.provider === provider && named.projectRef === null && !named.isAdopted;
    return isBeingMade || named.state === "rolling_back" ? [] : orphan("replaced");
  });
}
