export * as Portal from "./portal.ts";

import type { PortalVisit, Subscriptions } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import { currentOf, customerOf } from "../plan-changes/current.ts";
import type { ControlScope } from "../scope.ts";
import { requireOwn } from "../tenants/acting.ts";

/**
 * The provider's own page of a tenant: payment method, address and tax id, invoices. For one visit, soon.
 * @throws DomainError `unavailable`
 */
export async function open(
  control: ControlScope,
  provider: Subscriptions,
  { tenantId, purpose, returnUrl }: { readonly tenantId: string } & Omit<PortalVisit, "customerId">,
): Promise<{ readonly url: string }> {
  requireOwn(control, tenantId);
  const customerId = customerOf(await currentOf(control, tenantId));
  const visit = await provider.openPortal({ customerId, purpose, returnUrl });
  await ControlAudit.append(control, { action: "portal.opened", tenantId, after: { purpose } });
  return visit;
}
