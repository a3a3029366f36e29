export * as ModuleTrials from "./module-trials.ts";

import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { ControlAudit } from "../audit/audit.ts";
import { currentOf } from "../plan-changes/current.ts";
import { Prices } from "../prices/prices.ts";
import type { ControlScope } from "../scope.ts";
import { requireOwn } from "../tenants/acting.ts";

export const TRIAL_DAYS = 14;

/** A trial of a module: one in the life of a tenant; more are given by an operator. */
export interface ModuleTrial {
  readonly module: string;
  readonly endsAt: Date;
}

/** All that were ever begun, ended ones too. */
export async function list(control: ControlScope, tenantId: string): Promise<readonly ModuleTrial[]> {
  requireOwn(control, tenantId);
  const rows = await control.db
    .selectFrom("tenantModules")
    .select(["moduleName", "expiresAt"])
    .where("tenantId", "=", tenantId)
    .where("source", "=", "trial")
    .execute();
  return rows.flatMap(({ moduleName, expiresAt }) =>
    expiresAt === null ? [] : [{ module: moduleName, endsAt: expiresAt }],
  );
}

/**
 * Begins the fourteen days of a module. The module works at once. Begun again while it runs: the same trial.
 * @throws DomainError `conflict` for one that was had before, for a module that is there anyway, and where nothing may be
 * added now; `invalid_input` for what is not sold as a module
 */
export async function start(control: ControlScope, tenantId: string, module: string): Promise<ModuleTrial> {
  requireOwn(control, tenantId);
  return control.tx(async (tx) => {
    const current = await currentOf(tx, tenantId, { isLocked: true });
    if (!mayStart(current.state)) {
      throw new DomainError("conflict", "A payment is overdue. Modules can be tried once it is paid.");
    }
    const offered = await Prices.offered(tx, tenantId);
    const isSold = offered.some((sold) => sold.kind === "add_on" && sold.module === module);
    if (!isSold) throw invalidInput("This module cannot be tried.");
    const isBought = current.items.some(({ sold }) => sold.kind === "add_on" && sold.module === module);
    if (isBought || current.plan.modules.includes(module)) {
      throw new DomainError("conflict", "You have this module already.");
    }
    const now = tx.clock.now();
    const endsAt = secondsAfter(now, TRIAL_DAYS * DAY_SECONDS);
    const begun = await tx.db
      .insertInto("tenantModules")
      .values({ id: newId(tx.clock), tenantId, moduleName: module, source: "trial", expiresAt: endsAt, createdAt: now })
      .onConflict((conflict) => conflict.columns(["tenantId", "moduleName", "source"]).doNothing())
      .returning("id")
      .executeTakeFirst();
    if (begun === undefined) return running(tx, tenantId, module);
    await ControlAudit.append(tx, { action: "module.trial_started", tenantId, after: { module, endsAt } });
    return { module, endsAt };
  });
}

/** Whether a tenant in this state may try modules. */
export const mayStart = (state: string): boolean => state === "trial" || state === "active" || state === "cancelled";

async function running(tx: ControlScope, tenantId: string, module: string): Promise<ModuleTrial> {
  const found = (await list(tx, tenantId)).find((trial) => trial.module === module);
  if (found !== undefined && found.endsAt > tx.clock.now()) return found;
  throw new DomainError("conflict", "This module was tried before. Each one can be tried once.");
}
