export * as FindRequests from "./find-requests.ts";

import { invalidInput } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { ControlScope } from "../scope.ts";
import { limits, requireRoom } from "../sign-ups/limits.ts";
import { emailSchema } from "./mailboxes.ts";
import { neverGivenUp } from "./owners.ts";
import { hashPerson } from "./people.ts";

/**
 * Has a person mailed the addresses at which they sign in. Whether there are any is looked up when the mail is written:
 * the caller gets the same answer after the same statements.
 * @throws DomainError `invalid_input` or `rate_limited`, each with `fields.email`
 */
export async function ask(control: ControlScope, input: unknown): Promise<void> {
  const parsed = emailSchema.safeParse(input);
  if (!parsed.success) {
    const message = parsed.error.issues[0]?.message ?? "Enter your email address.";
    throw invalidInput(message, { email: message });
  }
  await requireRoom(control, limits.find, parsed.data);
  await control.tx(async (tx) => {
    const id = newId(tx.clock);
    await tx.db.insertInto("findRequests").values({ id, email: parsed.data, createdAt: tx.clock.now() }).execute();
    await tx.emit({
      queue: "control-mail",
      payload: { template: "pharmacies_found", requestId: id },
      dedupeKey: `pharmacies-found:${id}`,
    });
  });
}

/**
 * The address of a request, which is forgotten with the transaction that mails it: we keep no list of who asked.
 * @returns nothing when it was answered before
 */
export async function take(tx: ControlScope, requestId: string): Promise<string | undefined> {
  const request = await tx.db
    .deleteFrom("findRequests")
    .where("id", "=", requestId)
    .returning("email")
    .executeTakeFirst();
  return request?.email;
}

export interface FoundPharmacy {
  readonly companyName: string;
  /** Label of its address. */
  readonly host: string;
}

/** Where this address signs in, as owner or as one of the people, by name. Closed pharmacies are left out. */
export async function pharmaciesOf(control: ControlScope, email: string): Promise<readonly FoundPharmacy[]> {
  const emailHash = await hashPerson(control, email);
  const rows = await neverGivenUp(control)
    .where("tenants.state", "<>", "closed")
    .where((where) =>
      where.or([
        where("tenants.ownerEmail", "=", email.trim().toLowerCase()),
        where.exists(
          where
            .selectFrom("tenantPeople")
            .select("tenantPeople.tenantId")
            .whereRef("tenantPeople.tenantId", "=", "tenants.id")
            .where("tenantPeople.emailHash", "=", emailHash)
            .where("tenantPeople.isPresent", "=", true),
        ),
      ]),
    )
    .orderBy("tenants.name")
    .orderBy("tenantHosts.host")
    .execute();
  return rows.flatMap(({ name, host }) => (host === null ? [] : [{ companyName: name, host }]));
}
