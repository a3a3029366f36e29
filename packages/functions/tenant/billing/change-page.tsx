import { type CurrentSubscription, currentOf, planOf } from "@pharmasight/core/control/plan-changes/current";
import { type PlanChange, PlanChanges } from "@pharmasight/core/control/plan-changes/plan-changes";
import type { Item } from "@pharmasight/core/control/prices/prices";
import type { Excess } from "@pharmasight/core/registry/entitlements/entitlements";
import { ChangePage } from "@pharmasight/views/tenant/billing/change.tsx";
import type { ChangeProps } from "@pharmasight/views/tenant/billing/props";
import type { EdgeContext } from "../../http/bindings.ts";
import { billingShell, type Desk } from "./desk.ts";
import { amountsFor, cardOnFile, changesInWords, excessRow, itemsInWords, notesOf } from "./words.ts";

/** What a change costs, line by line, or what became of it. @param problem why it was not made just now */
export async function changePage(c: EdgeContext, at: Desk, changeId: string, problem?: string) {
  const { tenant, tenantId, control } = at;
  const now = tenant.clock.now();
  const write = amountsFor(tenant.tenant.currency);
  const change = await PlanChanges.find(control, tenantId, changeId);
  const current = await currentOf(control, tenantId);
  const { currency, dueNow, dueNext, nextAt } = change;
  const card = cardOnFile(current, now);
  const isCredit = dueNow.startsWith("-");
  return (
    <ChangePage
      shell={await billingShell(c, tenant)}
      kind="change"
      id={change.id}
      state={shownState(change, problem, now)}
      when={change.kind}
      changes={changesInWords(change.from, change.to)}
      notes={notesOf(change.from, change.to)}
      lines={change.lines.map(({ description, amount }) => ({
        description,
        amount: write(amount, currency),
        isCredit: amount.startsWith("-"),
      }))}
      dueNow={write(isCredit ? dueNow.slice(1) : dueNow, currency)}
      isCredit={isCredit}
      dueNext={write(dueNext, currency)}
      {...(nextAt === null ? {} : { nextAt })}
      {...(card === undefined ? {} : { card })}
      holdsUntil={change.holdsUntil}
      again={againOf(change)}
      {...confirmation(change, current)}
      {...problemOf(change, problem)}
    />
  );
}

/** The answer to a wish for less room than is used. */
export async function blockedPage(c: EdgeContext, { tenant }: Desk, to: readonly Item[], excesses: readonly Excess[]) {
  const [wanted = ""] = itemsInWords(to);
  const rows = excesses.map(excessRow);
  return <ChangePage shell={await billingShell(c, tenant)} kind="blocked" wanted={wanted} excesses={rows} />;
}

type Shown = Extract<ChangeProps, { kind: "change" }>;

/** Amounts that are too old, or of a plan that is another by now, are shown as such. */
function shownState({ state, holdsUntil }: PlanChange, problem: string | undefined, now: Date): Shown["state"] {
  return state === "quoted" && (problem !== undefined || holdsUntil <= now) ? "expired" : state;
}

/** What was asked for, to be asked for again: the plan where it is another, else the addition that is. */
function againOf({ from, to }: PlanChange): Shown["again"] {
  const [before, after] = [planOf(from), planOf(to)];
  const price = after?.priceId ?? before?.priceId ?? "";
  if (before?.priceId !== after?.priceId) return { price };
  const codes = [...from, ...to].flatMap(({ sold }) => (sold.kind === "add_on" ? [sold.code] : []));
  const quantityIn = (items: readonly Item[], code: string): number =>
    items.find(({ sold }) => sold.kind === "add_on" && sold.code === code)?.quantity ?? 0;
  const addOn = codes.find((code) => quantityIn(from, code) !== quantityIn(to, code));
  return addOn === undefined ? { price } : { addOn, quantity: quantityIn(to, addOn) };
}

function confirmation({ state, kind }: PlanChange, { pending }: CurrentSubscription): Pick<Shown, "confirmHref"> {
  const isForBank = state === "waiting" && kind === "now" && pending !== null && pending.url !== null;
  return isForBank ? { confirmHref: pending.url } : {};
}

function problemOf({ state }: PlanChange, problem: string | undefined): Pick<Shown, "problem"> {
  if (problem !== undefined) return { problem };
  return state === "failed" ? { problem: "The payment provider refused this change. Nothing was changed." } : {};
}
