import type { ApiScope } from "./api-keys/key.ts";

/** Who acts in a pharmacy. Operations name in their first parameter's type which of them they serve. */
export interface Visitor {
  readonly kind: "visitor";
  readonly sourceIp: string;
  readonly requestId: string;
}

export interface Member {
  readonly kind: "member";
  readonly userId: string;
  readonly sessionId: string;
  readonly name: string;
  readonly email: string;
  readonly role: string;
  readonly sourceIp: string;
  readonly requestId: string;
}

/** A program of the pharmacy, by one of its keys. */
export interface ApiKey {
  readonly kind: "api_key";
  readonly keyId: string;
  readonly scopes: readonly ApiScope[];
  readonly sourceIp: string;
  readonly requestId: string;
}

export interface Job {
  readonly kind: "job";
  readonly name: string;
}

/** Someone of PharmaSight who looks at a pharmacy's records, with a reason, on the role that can only read. */
export interface Operator {
  readonly kind: "operator";
  readonly operatorId: string;
  readonly reason: string;
}

export type TenantActor = Visitor | Member | ApiKey | Job | Operator;

/** Where a request came from, for the audit log and limits. */
export interface RequestOrigin {
  readonly sourceIp: string;
  readonly requestId: string;
}
