import type { TenantEvent } from "../../ports/tenant-events.ts";
import type { ControlScope } from "../scope.ts";
import { hashPerson } from "./people.ts";

/** Takes what a pharmacy tells of itself, unless something newer is known. Again, late or out of order: no difference. */
export async function recordTenantEvent(control: ControlScope, event: TenantEvent): Promise<void> {
  if (event.event === "profile_changed") {
    await control.db
      .updateTable("tenants")
      .set({
        name: event.companyName,
        currency: event.currency,
        timeZone: event.timeZone,
        ownerName: event.ownerName,
        ownerEmail: event.ownerEmail.toLowerCase(),
        profileVersion: String(event.version),
        updatedAt: control.clock.now(),
      })
      .where("id", "=", event.tenantId)
      .where("profileVersion", "<", String(event.version))
      .execute();
    return;
  }
  const said = { emailHash: await hashPerson(control, event.email), isPresent: event.isPresent, saidAt: event.at };
  await control.db
    .insertInto("tenantPeople")
    .values({ tenantId: event.tenantId, ...said })
    .onConflict((conflict) =>
      conflict
        .columns(["tenantId", "emailHash"])
        .doUpdateSet({ isPresent: said.isPresent, saidAt: said.saidAt })
        .where("tenantPeople.saidAt", "<", said.saidAt),
    )
    .execute();
}
