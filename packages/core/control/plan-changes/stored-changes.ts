import * as z from "zod";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import { type Item, itemsSchema, Prices } from "../prices/prices.ts";
import type { ControlScope } from "../scope.ts";
import { requireOwn } from "../tenants/acting.ts";

/** How long amounts hold: the unused part of a period shrinks by the second, and is counted for a moment. */
export const QUOTE_MINUTES = 30;

/** A change as it was shown, and what became of it. */
export interface PlanChange {
  readonly id: string;
  readonly kind: "now" | "at_period_end";
  readonly state: "quoted" | "applying" | "waiting" | "applied" | "failed" | "expired";
  readonly from: readonly Item[];
  readonly to: readonly Item[];
  readonly currency: string;
  readonly dueNow: string;
  readonly dueNext: string;
  readonly nextAt: Date | null;
  readonly lines: readonly { readonly description: string; readonly amount: string }[];
  readonly holdsUntil: Date;
  /** What the invoice said, where it was not the same. */
  readonly invoiced: string | null;
}

/** @throws DomainError `not_found` */
export async function find(control: ControlScope, tenantId: string, changeId: string): Promise<PlanChange> {
  requireOwn(control, tenantId);
  const row = await select(control, tenantId, changeId).executeTakeFirst();
  if (row === undefined) throw notFound("change");
  return changeFrom(control, row);
}

/**
 * The change that waits for the bank or the period's end, if one does.
 * @param kind which of the two
 */
export async function findWaiting(
  control: ControlScope,
  tenantId: string,
  kind: PlanChange["kind"],
): Promise<PlanChange | undefined> {
  requireOwn(control, tenantId);
  const row = await changes(control, tenantId)
    .where("state", "=", "waiting")
    .where("kind", "=", kind)
    .orderBy("createdAt", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : changeFrom(control, row);
}

/** All changes that a tenant ever asked for. */
export const changes = (control: ControlScope, tenantId: string) =>
  control.db.selectFrom("planChanges").selectAll().where("tenantId", "=", tenantId);

/** One of them, as its row. @throws DomainError `not_found` for what is no id */
export function select(control: ControlScope, tenantId: string, changeId: string) {
  if (!idSchema.safeParse(changeId).success) throw notFound("change");
  return changes(control, tenantId).where("id", "=", changeId);
}

const linesSchema = z.array(z.object({ description: z.string(), amount: z.string() }));

type ChangeRow = NonNullable<Awaited<ReturnType<ReturnType<typeof changes>["executeTakeFirst"]>>>;

export async function changeFrom(control: ControlScope, row: ChangeRow): Promise<PlanChange> {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    from: await Prices.read(control, itemsSchema.parse(row.fromItems)),
    to: await Prices.read(control, itemsSchema.parse(row.items)),
    currency: row.currency,
    dueNow: row.dueNow,
    dueNext: row.dueNext,
    nextAt: row.nextAt,
    lines: linesSchema.parse(row.lines),
    holdsUntil: secondsAfter(row.createdAt, QUOTE_MINUTES * MINUTE_SECONDS),
    invoiced: row.invoiced,
  };
}
