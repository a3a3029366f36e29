export * as Enquiries from "./enquiries.ts";

import * as z from "zod";
import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { invalidInput } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { ControlAudit } from "../audit/audit.ts";
import { currentOf } from "../plan-changes/current.ts";
import type { ControlScope } from "../scope.ts";
import { requireOwn } from "../tenants/acting.ts";

const schema = z.object({
  phone: z.string().trim().max(40, "Write at most 40 characters."),
  branches: z.string().trim().max(40, "Write at most 40 characters."),
  message: z
    .string()
    .trim()
    .min(10, "Say in a sentence or two what you need.")
    .max(2000, "Write at most 2,000 characters."),
});

const enquiriesLimit = { name: "enterprise enquiries by tenant", hits: 5, windowSeconds: DAY_SECONDS };

/**
 * Somebody wants more than the plans have: the company is mailed what they wrote, and answers with an offer. The same
 * words again on the same day, as after a second click, are the same enquiry.
 * @param from who asks, and where the answer goes
 * @throws DomainError `invalid_input` with `fields`, `rate_limited`
 */
export async function send(
  control: ControlScope,
  from: { readonly tenantId: string; readonly name: string; readonly email: string },
  input: unknown,
): Promise<void> {
  requireOwn(control, from.tenantId);
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const fields = Object.fromEntries(parsed.error.issues.map(({ path, message }) => [path.join("."), message]));
    throw invalidInput("Correct the fields that are marked.", fields);
  }
  const counted = [{ limit: enquiriesLimit, subject: from.tenantId }];
  await control.limits.take(counted, "We have your enquiries of today and answer them soon.");
  await control.tx(async (tx) => {
    await currentOf(tx, from.tenantId, { isLocked: true });
    if (await isSent(tx, from.tenantId, parsed.data.message)) return;
    const id = newId(tx.clock);
    await tx.db
      .insertInto("enterpriseEnquiries")
      .values({
        id,
        tenantId: from.tenantId,
        askedByName: from.name,
        email: from.email,
        ...parsed.data,
        createdAt: tx.clock.now(),
      })
      .execute();
    await ControlAudit.append(tx, { action: "enterprise.enquired", tenantId: from.tenantId, after: { enquiryId: id } });
    await tx.emit({
      queue: "control-mail",
      payload: { template: "enterprise_enquiry", enquiryId: id },
      dedupeKey: `enterprise-enquiry:${id}`,
    });
  });
}

async function isSent(tx: ControlScope, tenantId: string, message: string): Promise<boolean> {
  const known = await tx.db
    .selectFrom("enterpriseEnquiries")
    .select("id")
    .where("tenantId", "=", tenantId)
    .where("message", "=", message)
    .where("createdAt", ">", secondsAfter(tx.clock.now(), -DAY_SECONDS))
    .executeTakeFirst();
  return known !== undefined;
}
