import type { ApiScope } from "./api-keys/key.ts";
import type { Rights } from "./permissions/permissions.ts";
import type { BranchRole, Role } from "./permissions/roles.ts";

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
  /** When the session began: what takes an account over wants a fresh one. */
  readonly signedInAt: Date;
  readonly name: string;
  /** Null for staff who sign in by a username. */
  readonly email: string | null;
  readonly username: string | null;
  /** The role in every branch; null for somebody who has roles in single branches only. */
  readonly role: Role | null;
  readonly branchRoles: readonly BranchRole[];
  readonly rights: Rights;
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
