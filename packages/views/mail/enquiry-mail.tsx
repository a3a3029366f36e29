import { composeMail } from "./layout.tsx";
import type { MailContent } from "./mail.ts";

export interface EnquiryMailProps {
  companyName: string;
  tenantId: string;
  askedByName: string;
  /** Where the answer goes. */
  email: string;
  /** Blank: not said. */
  phone: string;
  branches: string;
  message: string;
}

/** To ourselves: an owner asks for a plan of their own. */
export function enquiryMail({ companyName, tenantId, message, ...asked }: EnquiryMailProps): MailContent {
  const { askedByName, email, phone, branches } = asked;
  const facts = [
    `Asked by: ${askedByName}`,
    `Mail: ${email}`,
    ...(phone === "" ? [] : [`Phone: ${phone}`]),
    ...(branches === "" ? [] : [`Branches: ${branches}`]),
  ];
  return composeMail({
    subject: `Enterprise enquiry of ${companyName}`,
    preview: message,
    title: `${companyName} asks for Enterprise`,
    before: [...facts, message],
    action: { label: `Answer ${askedByName}`, url: `mailto:${email}` },
    after: [`Make the offer with: npm run billing -- offer ${tenantId}`],
  });
}
