import { DomainError } from "@pharmasight/core/kernel/errors";
import { equalInConstantTime, hmac } from "@pharmasight/core/kernel/tokens";
import type { Member } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { EdgeContext } from "../http/bindings.ts";

/** A form as it was posted. */
export interface PostedForm {
  /** The value of a field; blank when it is missing or a file. */
  text(name: string): string;
  /** A chosen file; undefined when the field is missing or was left empty. */
  file(name: string): File | undefined;
}

export async function readForm(c: EdgeContext): Promise<PostedForm> {
  const body = await c.req.parseBody();
  return {
    text(name) {
      const value = body[name];
      return typeof value === "string" ? value : "";
    },
    file(name) {
      const value = body[name];
      return value instanceof File && (value.name !== "" || value.size > 0) ? value : undefined;
    },
  };
}

/** As `readForm`, for a signed-in person: besides its origin, the form must carry this session's own token. */
export async function readMemberForm(c: EdgeContext, tenant: TenantScope<Member>): Promise<PostedForm> {
  const form = await readForm(c);
  if (!equalInConstantTime(form.text("formToken"), await formToken(tenant))) {
    throw new DomainError(
      "forbidden",
      "This form is from an earlier session. Open the page again and send it from there.",
    );
  }
  return form;
}

/** Proves that a form was made for this session. */
export async function formToken(tenant: TenantScope<Member>): Promise<string> {
  return hmac(await tenant.key("form"), tenant.actor.sessionId);
}
