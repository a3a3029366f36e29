export * as Setup from "./setup.ts";

import { sql } from "kysely";
import { DomainError } from "../../kernel/errors.ts";
import type { Member } from "../actors.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";

/** The steps of a pharmacy's first day, in their order. */
export const steps = ["company", "branches", "people", "items"] as const;
export type Step = (typeof steps)[number];
export type StepState = "open" | "done" | "skipped";

export interface Progress {
  readonly states: Readonly<Record<Step, StepState>>;
  /** Nobody touched a step, put the steps off, or set anything up in another way: what a new pharmacy is like. */
  readonly isFresh: boolean;
  /** The checklist was taken off the dashboard. */
  readonly isDismissed: boolean;
}

/**
 * How far the first day is. Items are done as soon as there are any, whatever way they came.
 * @throws DomainError `forbidden`
 */
export async function progress(tenant: TenantScope<Member>): Promise<Progress> {
  requireManager(tenant.actor);
  const rows = await tenant.db.selectFrom("setupSteps").select(["step", "state"]).execute();
  const facts = await sql<{ hasItems: boolean; hasOthers: boolean }>`
    select exists (select from items where archived_at is null) as "hasItems",
      (select count(*) > 1 from branches) or (select count(*) > 1 from users) or exists (select from invitations)
        as "hasOthers"
  `.execute(tenant.db);
  const { hasItems = false, hasOthers = false } = facts.rows[0] ?? {};
  const stateOf = (step: Step): StepState => rows.find((row) => row.step === step)?.state ?? "open";
  return {
    states: {
      company: stateOf("company"),
      branches: stateOf("branches"),
      people: stateOf("people"),
      items: hasItems ? "done" : stateOf("items"),
    },
    isFresh: rows.length === 0 && !hasItems && !hasOthers,
    isDismissed: rows.some(({ step }) => step === "checklist"),
  };
}

/** The first step that is neither done nor skipped; undefined when none is left. */
export const firstOpen = ({ states }: Pick<Progress, "states">): Step | undefined =>
  steps.find((step) => states[step] === "open");

/** Whether nothing is left to decide: each step is done or skipped. */
export const isOver = (progressSoFar: Pick<Progress, "states">): boolean => firstOpen(progressSoFar) === undefined;

/**
 * Marks a step. One that is done stays done when somebody skips it afterwards.
 * @throws DomainError `forbidden`, or `conflict` for items that are said to be done while there are none
 */
export async function mark(tenant: TenantScope<Member>, step: Step, state: "done" | "skipped"): Promise<void> {
  if (step === "items" && state === "done" && (await progress(tenant)).states.items !== "done") {
    throw new DomainError("conflict", "There are no items yet. Import or add some, or skip this step for now.");
  }
  await record(tenant, step, state);
}

/**
 * The steps are not for now: the dashboard does not lead to them any more.
 * @throws DomainError `forbidden`
 */
export async function postpone(tenant: TenantScope<Member>): Promise<void> {
  await record(tenant, "welcome", "skipped");
}

/**
 * Takes the checklist off the dashboard.
 * @throws DomainError `forbidden`, or `conflict` while a step is neither done nor skipped
 */
export async function dismissChecklist(tenant: TenantScope<Member>): Promise<void> {
  if (!isOver(await progress(tenant))) {
    throw new DomainError("conflict", "Some steps are still open. Finish or skip them first.");
  }
  await record(tenant, "checklist", "done");
}

/** Whether somebody may go through the steps. */
export const mayManage = (member: Member): boolean => Permissions.may(member, "company.manage");

function requireManager(member: Member): void {
  Permissions.requireEverywhere(member, "company.manage");
}

async function record(
  tenant: TenantScope<Member>,
  step: Step | "welcome" | "checklist",
  state: "done" | "skipped",
): Promise<void> {
  requireManager(tenant.actor);
  const row = { state, changedBy: tenant.actor.userId, changedAt: tenant.clock.now() };
  await tenant.db
    .insertInto("setupSteps")
    .values({ step, ...row })
    .onConflict((conflict) =>
      conflict
        .column("step")
        .doUpdateSet(row)
        // What is done stays done.
        .where("setupSteps.state", "=", "skipped"),
    )
    .execute();
}
