export * as PeopleLetters from "./people-letters.ts";

import * as z from "zod";
import type { Job } from "../actors.ts";
import type { GivenRole } from "../permissions/roles.ts";
import type { TenantScope } from "../scope.ts";
import { type AddressSide, findForMail as findAddressChange } from "./details.ts";
import { Invitations } from "./invitations.ts";
import { Ownership } from "./ownership.ts";

export const invitationSchema = z.object({
  template: z.literal("invitation"),
  invitationId: z.uuid(),
  /** Which of its links: a message that was late does not send one that is dead. */
  linkNumber: z.coerce.number().int().positive(),
});

export const ownershipTransferredSchema = z.object({
  template: z.literal("ownership_transferred"),
  fromUserId: z.uuid(),
  toUserId: z.uuid(),
  recipient: z.enum(["from", "to"]),
});

export const addressChangedSchema = z.object({
  template: z.literal("address_changed"),
  userId: z.uuid(),
  changedBy: z.uuid(),
  side: z.enum(["old", "new"]),
  /** Named here, since nobody has the old one any more. */
  to: z.email().max(254),
});

type PeopleRequest =
  | z.infer<typeof invitationSchema>
  | z.infer<typeof ownershipTransferredSchema>
  | z.infer<typeof addressChangedSchema>;

export type PeopleLetter = { readonly to: string; readonly companyName: string; readonly link: string } & (
  | {
      readonly template: "invitation";
      readonly name: string;
      readonly invitedByName: string;
      readonly role: GivenRole | null;
      readonly branchRoles: readonly { readonly branchName: string; readonly role: GivenRole }[];
      readonly expiresAt: Date;
      /** IANA name: `expiresAt` is told in it. */
      readonly timeZone: string;
    }
  | {
      readonly template: "ownership_transferred";
      readonly recipient: "from" | "to";
      readonly fromName: string;
      readonly toName: string;
    }
  | {
      readonly template: "address_changed";
      readonly side: AddressSide;
      readonly name: string;
      /** Null: they did it themselves. */
      readonly byName: string | null;
    }
);

/** @returns undefined when there is nobody to write to, or what it would say is not true any more */
export async function compose(
  tenant: TenantScope<Job>,
  request: PeopleRequest,
  address: string,
): Promise<PeopleLetter | undefined> {
  const { companyName, timeZone } = tenant.tenant;
  if (request.template === "invitation") {
    const { invitationId: id, linkNumber } = request;
    const found = await Invitations.findForMail(tenant, { id, linkNumber });
    if (found === undefined) return undefined;
    const { email: to, path, ...said } = found;
    return { template: request.template, to, companyName, timeZone, link: new URL(path, address).href, ...said };
  }
  const link = new URL("/", address).href;
  if (request.template === "address_changed") {
    const { template, side, to } = request;
    const said = await findAddressChange(tenant, request);
    return said === undefined ? undefined : { template, to, companyName, link, side, ...said };
  }
  const found = await Ownership.findForMail(tenant, request);
  if (found === undefined) return undefined;
  const { email: to, ...said } = found;
  return { template: request.template, to, companyName, link, recipient: request.recipient, ...said };
}
