export * as Branches from "./branches.ts";

import { DomainError, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import { constraintOf, sqlStateOf, UNIQUE_VIOLATION } from "../../kernel/sqlstate.ts";
import type { Job, Member } from "../actors.ts";
import { requireAct } from "../admission.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Limits } from "../limits/limits.ts";
import { Numbering, type Series } from "../numbering/numbering.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { type BranchFields, type BranchInput, type CheckedBranch, checkedBranch } from "./branch-fields.ts";

export type { BranchInput } from "./branch-fields.ts";

export interface Branch {
  readonly id: string;
  /** 2 to 10 letters A to Z and digits: the middle of the branch's document numbers. */
  readonly code: string;
  readonly name: string;
  readonly address: string | null;
  readonly phone: string | null;
  /** One branch is; it is never archived. */
  readonly isHeadquarters: boolean;
  /** Null: open. */
  readonly archivedAt: Date | null;
}

/** A branch with the numbers of its next documents. */
export interface NumberedBranch extends Branch {
  readonly series: readonly Series[];
}

/** A branch with what its own page shows. */
export interface BranchDetails extends NumberedBranch {
  /** Whether the code is part of a document's number: then it stays. */
  readonly isCodeFixed: boolean;
  /** People who have a role in this branch alone. */
  readonly peopleCount: number;
}

const columns = ["id", "code", "name", "address", "phone", "isHeadquarters", "archivedAt"] as const;

/** The branches that are open: headquarters first, then by code. Any member may see them. */
export async function list(tenant: TenantScope<Member | Job>): Promise<readonly Branch[]> {
  return tenant.db
    .selectFrom("branches")
    .select(columns)
    .where("archivedAt", "is", null)
    .orderBy("isHeadquarters", "desc")
    .orderBy("code")
    .execute();
}

/**
 * All branches with the numbers of their next documents; the archived ones last.
 * @throws DomainError `forbidden`
 */
export async function listAll(tenant: TenantScope<Member>): Promise<readonly NumberedBranch[]> {
  requireManager(tenant.actor);
  const branches = await tenant.db
    .selectFrom("branches")
    .select(columns)
    .orderBy("archivedAt", (order) => order.asc().nullsFirst())
    .orderBy("isHeadquarters", "desc")
    .orderBy("code")
    .execute();
  const seriesOf = await Numbering.ofAllBranches(tenant);
  return branches.map((branch) => ({ ...branch, series: seriesOf(branch.id) }));
}

/** @throws DomainError `forbidden` or `not_found` */
export async function get(tenant: TenantScope<Member>, id: string): Promise<BranchDetails> {
  requireManager(tenant.actor);
  if (!idSchema.safeParse(id).success) throw notFound("branch");
  const branch = await tenant.db.selectFrom("branches").select(columns).where("id", "=", id).executeTakeFirst();
  if (branch === undefined) throw notFound("branch");
  const series = await Numbering.ofBranch(tenant, id);
  const { people } = await tenant.db
    .selectFrom("userBranchRoles")
    .innerJoin("users", "users.id", "userBranchRoles.userId")
    .select((e) => e.fn.countAll<string>().as("people"))
    .where("userBranchRoles.branchId", "=", id)
    .where("users.deactivatedAt", "is", null)
    .executeTakeFirstOrThrow();
  return { ...branch, series, isCodeFixed: series.some(({ isUsed }) => isUsed), peopleCount: Number(people) };
}

/**
 * Adds a branch.
 * @throws DomainError `forbidden`, `invalid_input` by field, `conflict` on `code` when a branch has it, `limit_reached`,
 *   `payment_required`
 * @returns its id
 */
export async function add(tenant: TenantScope<Member>, input: BranchInput): Promise<string> {
  requireManager(tenant.actor);
  requireAct(tenant.tenant, "grow", "Adding branches");
  const checked = checkedBranch(input);
  const id = newId(tenant.clock);
  const now = tenant.clock.now();
  await refusingTakenCode(checked, () =>
    tenant.tx(async (tx) => {
      await Limits.takeRoom(tx, "branches");
      const row = { id, ...checked.fields, createdAt: now, updatedAt: now };
      await tx.db.insertInto("branches").values(row).execute();
      for (const [type, next] of checked.starts) await Numbering.start(tx, id, type, next);
      const after = { id, ...checked.fields, ...startsOf(checked) };
      await TenantAudit.append(tx, { action: "branch.added", after });
    }),
  );
  return id;
}

/**
 * Changes a branch. Its code stays once a document's number contains it, and a series its start once a number was taken.
 * @throws DomainError `forbidden`, `not_found`, `invalid_input` by field, `conflict` on `code` or `next<TYPE>`
 */
export async function change(tenant: TenantScope<Member>, id: string, input: BranchInput): Promise<void> {
  requireManager(tenant.actor);
  const checked = checkedBranch(input);
  await refusingTakenCode(checked, () =>
    tenant.tx(async (tx) => {
      const before = await lock(tx, id);
      if (before.code !== checked.fields.code && (await Numbering.isUsed(tx, id))) {
        const message = `The code stays ${before.code}: numbers of documents contain it.`;
        throw new DomainError("conflict", message, { fields: { code: message } });
      }
      const seriesBefore = await Numbering.ofBranch(tx, id);
      const moved = new Map([...checked.starts].filter(([type, next]) => nextOf(seriesBefore, type) !== next));
      for (const [type, next] of moved) await Numbering.start(tx, id, type, next);
      await tx.db
        .updateTable("branches")
        .set({ ...checked.fields, updatedAt: tx.clock.now() })
        .where("id", "=", id)
        .execute();
      const { code, name, address, phone } = before;
      await TenantAudit.append(tx, {
        action: "branch.changed",
        before: { id, code, name, address, phone },
        after: { id, ...checked.fields, ...startsOf({ starts: moved }) },
      });
    }),
  );
}

/**
 * Closes a branch: it gets no new documents, and what it did stays. It can be opened again.
 * @throws DomainError `forbidden`, `not_found`, or `conflict` for the headquarters and for a branch that has stock
 */
export async function archive(tenant: TenantScope<Member>, id: string): Promise<void> {
  requireManager(tenant.actor);
  await tenant.tx(async (tx) => {
    const branch = await lock(tx, id);
    if (branch.isHeadquarters) {
      throw new DomainError("conflict", "The headquarters stay: documents that belong to no branch are theirs.");
    }
    if (branch.archivedAt !== null) return;
    const stocked = await tx.db
      .selectFrom("stockBalances")
      .select("itemId")
      .where("branchId", "=", id)
      .where("quantity", ">", "0")
      .limit(1)
      .executeTakeFirst();
    if (stocked !== undefined) {
      throw new DomainError("conflict", `${branch.name} still has stock. Move it or write it off first.`);
    }
    await setArchived(tx, branch, tx.clock.now(), "branch.archived");
  });
}

/**
 * Opens an archived branch again.
 * @throws DomainError `forbidden`, `not_found`, `limit_reached` or `payment_required`
 */
export async function restore(tenant: TenantScope<Member>, id: string): Promise<void> {
  requireManager(tenant.actor);
  requireAct(tenant.tenant, "grow", "Opening branches");
  await tenant.tx(async (tx) => {
    await Limits.lock(tx, "branches");
    const branch = await lock(tx, id);
    if (branch.archivedAt === null) return;
    await Limits.takeRoom(tx, "branches");
    await setArchived(tx, branch, null, "branch.restored");
  });
}

function requireManager(member: Member): void {
  Permissions.requireEverywhere(member, "branches.manage");
}

/** The branch, with everything that numbers its documents or moves stock into it waiting until the end. */
async function lock(tx: TenantScope<Member>, id: string): Promise<Branch> {
  if (!idSchema.safeParse(id).success) throw notFound("branch");
  const branch = await tx.db.selectFrom("branches").select(columns).where("id", "=", id).forUpdate().executeTakeFirst();
  if (branch === undefined) throw notFound("branch");
  return branch;
}

async function setArchived(
  tx: TenantScope<Member>,
  { id, code, name }: Branch,
  archivedAt: Date | null,
  action: string,
): Promise<void> {
  await tx.db.updateTable("branches").set({ archivedAt, updatedAt: tx.clock.now() }).where("id", "=", id).execute();
  await TenantAudit.append(tx, { action, after: { id, code, name } });
}

async function refusingTakenCode({ fields }: { fields: BranchFields }, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (sqlStateOf(error) !== UNIQUE_VIOLATION || constraintOf(error) !== "branches_code_key") throw error;
    const message = `A branch has the code ${fields.code}, or had it before it was archived. Choose another one.`;
    throw new DomainError("conflict", message, { fields: { code: message }, cause: error });
  }
}

const nextOf = (series: readonly Series[], type: Series["type"]): number | undefined =>
  series.find((one) => one.type === type)?.next;

/** For the audit log: which series begin where. */
const startsOf = ({ starts }: Pick<CheckedBranch, "starts">): Readonly<Record<string, number>> =>
  Object.fromEntries([...starts].map(([type, next]) => [`next${type}`, next]));
