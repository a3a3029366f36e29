import type { ControlScope } from "../scope.ts";
import { mailboxOf } from "./mailboxes.ts";

export interface OwnedPharmacy {
  readonly companyName: string;
  /** Label of its address; null once there is nothing that they could sign in to as its owner. */
  readonly host: string | null;
}

/**
 * The pharmacies that this mailbox owns now, and the one that it had the trial of, whoever owns that now, by name.
 * Somebody who took a pharmacy over and handed it on has had no trial. Those that never opened, because their
 * provisioning failed or was rolled back, are none.
 */
export async function pharmaciesOfOwner(control: ControlScope, email: string): Promise<readonly OwnedPharmacy[]> {
  const mailbox = mailboxOf(email);
  const rows = await neverGivenUp(control)
    .select("tenants.ownerMailbox")
    .where((where) =>
      where.or([where("tenants.ownerMailbox", "=", mailbox), where("tenants.trialMailbox", "=", mailbox)]),
    )
    .orderBy("tenants.name")
    .orderBy("tenantHosts.host")
    .execute();
  return rows.map(({ name, host, state, ownerMailbox }) => ({
    companyName: name,
    host: state === "closed" || ownerMailbox !== mailbox ? null : host,
  }));
}

/** Pharmacies with their addresses, without those whose provisioning was given up. A closed one may have no address. */
export const neverGivenUp = (control: ControlScope) =>
  control.db
    .selectFrom("tenants")
    .leftJoin("tenantHosts", (join) =>
      join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
    )
    .leftJoin("provisioningJobs", "provisioningJobs.tenantId", "tenants.id")
    .select(["tenants.name", "tenants.state", "tenantHosts.host"])
    .where("tenants.state", "<>", "provisioning_failed")
    .where((where) =>
      where.or([
        where("provisioningJobs.state", "is", null),
        where("provisioningJobs.state", "not in", ["rolling_back", "rolled_back"]),
      ]),
    );
