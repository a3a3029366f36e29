import { DomainError, invalidInput } from "../../kernel/errors.ts";
import type { ControlScope } from "../scope.ts";

/** Every change by an operator says why; the audit log keeps it. */
export interface Reasoned {
  readonly reason: string;
}

const REASON_LENGTH = { min: 5, max: 500 } as const;

/** @throws DomainError `forbidden` for anybody but an operator */
export function requireOperator(control: ControlScope): void {
  if (control.actor.kind === "operator") return;
  throw new DomainError("forbidden", "Only an operator of PharmaSight may do this.");
}

/** @throws DomainError `invalid_input` on the field `reason` */
export function reasonOfOperator({ reason }: Reasoned): string {
  const said = reason.trim();
  if (said.length >= REASON_LENGTH.min && said.length <= REASON_LENGTH.max) return said;
  const message = `Say why, in ${REASON_LENGTH.min} to ${REASON_LENGTH.max} characters: the audit log keeps it.`;
  throw invalidInput(message, { reason: message });
}
