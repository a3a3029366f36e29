import { stripeCatalogue } from "@pharmasight/adapters/stripe/prices";
import { stripeSubscriptions } from "@pharmasight/adapters/stripe/subscriptions";
import { Catalogue } from "@pharmasight/core/control/catalogue/catalogue";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS, secondsAfter } from "@pharmasight/core/kernel/clock";
import { sql } from "kysely";
import { openTenant, startControlWorld } from "../world.ts";

export type PayingWorld = Awaited<ReturnType<typeof startPayingWorld>>;

/** The control plane with Stripe's stand-in, and all prices published there. */
export async function startPayingWorld() {
  const world = await startControlWorld();
  const options = { apiKey: async () => world.stripe.apiKey, apiUrl: world.stripe.url };
  const catalogue = stripeCatalogue(options);
  const subscriptions = stripeSubscriptions(options);
  await Catalogue.publish(world.system, catalogue);
  const { db } = world.system;
  // Connections are opened when they are needed: opened now, so that what is done at once happens at once.
  await Promise.all(Array.from({ length: 15 }, () => sql`select pg_sleep(0.1)`.execute(db)));
  let tenants = 0;

  /** A pharmacy in its trial, with a customer at Stripe. */
  const pharmacy = async (): Promise<{ tenantId: string; customerId: string; email: string }> => {
    tenants += 1;
    const { tenantId, email } = await openTenant(world, `green-${tenants}-cross`);
    const about = { tenantId, companyName: "Green Cross", ownerEmail: email };
    const { customerId } = await world.ports.payments.ensureCustomer(about);
    const trialEndsAt = secondsAfter(world.clock.now(), 14 * DAY_SECONDS);
    await db
      .updateTable("tenants")
      .set({ state: "trial", trialEndsAt, schemaVersion: 1 })
      .where("id", "=", tenantId)
      .execute();
    await db
      .updateTable("tenantSubscriptions")
      .set({ stripeCustomerId: customerId })
      .where("tenantId", "=", tenantId)
      .execute();
    return { tenantId, customerId, email };
  };
  /** What our table of prices says of a plan or an add-on that everybody can buy. */
  const priceOf = async (code: string, interval: "month" | "year" = "month") => {
    const sold = await Catalogue.listSold(world.system, "USD");
    const found = sold.find((one) => (one.planCode ?? one.addOnCode) === code && one.interval === interval);
    if (found === undefined) throw new Error(`Nobody sells ${code} for a ${interval}.`);
    return found;
  };
  const converge = (tenantId: string) => TenantSubscriptions.converge(world.system, subscriptions, tenantId);
  const subscriptionOf = (tenantId: string) =>
    db.selectFrom("tenantSubscriptions").selectAll().where("tenantId", "=", tenantId).executeTakeFirstOrThrow();
  const invoicesOf = (tenantId: string) =>
    db.selectFrom("invoices").selectAll().where("tenantId", "=", tenantId).orderBy("createdAt").execute();
  const auditOf = async (tenantId: string, action: string) =>
    db
      .selectFrom("auditLog")
      .selectAll()
      .where("tenantId", "=", tenantId)
      .where("action", "=", action)
      .orderBy("id")
      .execute();
  return { ...world, db, catalogue, subscriptions, pharmacy, priceOf, converge, subscriptionOf, invoicesOf, auditOf };
}
