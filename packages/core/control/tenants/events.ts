import { sql } from "kysely";
import type { TenantEvent } from "../../ports/tenant-events.ts";
import type { ControlScope } from "../scope.ts";
import { mailboxOf } from "./mailboxes.ts";
import { hashPerson } from "./people.ts";

type ProfileEvent = Extract<TenantEvent, { readonly event: "profile_changed" }>;
type PersonEvent = Extract<TenantEvent, { readonly event: "person_changed" }>;
type UsageEvent = Extract<TenantEvent, { readonly event: "usage_measured" }>;

/**
 * Takes what a pharmacy tells of itself, unless something newer is known. Again, late or out of order: no difference.
 * What an unknown or a closed pharmacy says is dropped: coming again would change neither.
 */
export async function recordTenantEvent(control: ControlScope, event: TenantEvent): Promise<void> {
  const tenant = await control.db
    .selectFrom("tenants")
    .select("state")
    .where("id", "=", event.tenantId)
    .executeTakeFirst();
  if (tenant === undefined || tenant.state === "closed") {
    const { event: name, outboxId } = event;
    control.log.warn("event of no open pharmacy dropped", { event: name, outboxId, state: tenant?.state ?? "unknown" });
    return;
  }
  switch (event.event) {
    case "profile_changed":
      return recordProfile(control, event);
    case "person_changed":
      return recordPerson(control, event);
    case "usage_measured":
      return recordUsage(control, event);
  }
}

async function recordProfile(control: ControlScope, event: ProfileEvent): Promise<void> {
  const version = String(event.version);
  const ownerEmail = event.ownerEmail.toLowerCase();
  const logo = event.logoDigest === "" ? {} : { logoDigest: event.logoDigest };
  await control.db
    .updateTable("tenants")
    .set({
      name: event.companyName,
      currency: event.currency,
      timeZone: event.timeZone,
      ownerName: event.ownerName,
      ownerEmail,
      ownerMailbox: mailboxOf(ownerEmail),
      // Whatever else was set for this pharmacy stays.
      settings: sql`(settings - 'logoDigest') || ${logo}::jsonb`,
      profileVersion: version,
      updatedAt: control.clock.now(),
    })
    .where("id", "=", event.tenantId)
    .where("state", "<>", "closed")
    .where("profileVersion", "<", version)
    .execute();
}

async function recordPerson(control: ControlScope, event: PersonEvent): Promise<void> {
  const said = { isPresent: event.isPresent, saidAt: event.at };
  await control.db
    .insertInto("tenantPeople")
    .values({ tenantId: event.tenantId, emailHash: await hashPerson(control, event.email), ...said })
    .onConflict((conflict) =>
      conflict
        .columns(["tenantId", "emailHash"])
        .doUpdateSet(said)
        .where((where) =>
          where.or([
            where("tenantPeople.saidAt", "<", said.saidAt),
            // Two words of the same millisecond: whoever may sign in should be able to find the place.
            where.and([
              where("tenantPeople.saidAt", "=", said.saidAt),
              where("tenantPeople.isPresent", "<", said.isPresent),
            ]),
          ]),
        ),
    )
    .execute();
}

async function recordUsage(control: ControlScope, event: UsageEvent): Promise<void> {
  const { tenantId, month, users, branches, items, at: measuredAt } = event;
  const used = {
    apiCalls: String(event.apiCalls),
    storageBytes: String(event.storageBytes),
    users,
    branches,
    items,
    moduleDays: { ...event.moduleDays },
    measuredAt,
  };
  await control.db
    .insertInto("tenantUsage")
    .values({ tenantId, month, ...used })
    .onConflict((conflict) =>
      conflict.columns(["tenantId", "month"]).doUpdateSet(used).where("tenantUsage.measuredAt", "<", measuredAt),
    )
    .execute();
}
