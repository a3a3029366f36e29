import type { Selectable } from "kysely";
import * as z from "zod";
import { idSchema } from "../../kernel/ids.ts";
import { equalInConstantTime, hmac } from "../../kernel/tokens.ts";
import type { Job, Member, Visitor } from "../actors.ts";
import { branchRoleSchema, type GivenRole } from "../permissions/roles.ts";
import type { TenantScope } from "../scope.ts";
import type { InvitationsTable } from "../tables.generated.ts";
import type { NamedBranchRole } from "./standing.ts";

/** A row of the invitations. */
export type Invited = Selectable<InvitationsTable>;

type Scope = TenantScope<Member> | TenantScope<Visitor> | TenantScope<Job>;

/** A key of its own: a token of another kind does not open an invitation, nor one of these anything else. */
const KEY_PURPOSE = "invitation";

const branchRolesSchema = z.array(branchRoleSchema);

/** Names of the branches that are open, by their ids. */
export async function branchNamesOf(tenant: Scope): Promise<ReadonlyMap<string, string>> {
  const rows = await tenant.db.selectFrom("branches").select(["id", "name"]).where("archivedAt", "is", null).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** What an invitation gives today: a branch that was closed meanwhile gives nothing. */
export function givenBy(
  row: Pick<Invited, "role" | "branchRoles">,
  names: ReadonlyMap<string, string>,
): { readonly role: GivenRole | null; readonly branchRoles: readonly NamedBranchRole[] } {
  const branchRoles = branchRolesSchema.parse(row.branchRoles).flatMap((given) => {
    const branchName = names.get(given.branchId);
    return branchName === undefined ? [] : [{ ...given, branchName }];
  });
  return { role: row.role, branchRoles };
}

/** The page of an invitation's link, as a path: only the link of the number that was sent last works. */
export async function linkPath(
  tenant: Scope,
  link: { readonly id: string; readonly linkNumber: number },
): Promise<string> {
  return `/auth/invitation?token=${link.id}.${await proofOf(tenant, link)}`;
}

/** The invitation that a token is for; undefined for one that we did not make, or whose link was made anew. */
export async function findByToken(tenant: TenantScope<Visitor>, token: string): Promise<Invited | undefined> {
  const [id = "", proof = "", ...rest] = token.slice(0, 200).split(".");
  if (rest.length > 0 || !idSchema.safeParse(id).success) return undefined;
  const row = await tenant.db.selectFrom("invitations").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined || !equalInConstantTime(proof, await proofOf(tenant, row))) return undefined;
  return row;
}

/** Made anew whenever it is needed, so that no table and no message holds it. */
async function proofOf(
  tenant: Scope,
  { id, linkNumber }: { readonly id: string; readonly linkNumber: number },
): Promise<string> {
  return hmac(await tenant.key(KEY_PURPOSE), `${id} ${linkNumber}`);
}
