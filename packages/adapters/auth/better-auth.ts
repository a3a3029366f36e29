import { Credentials, type PasswordHashing, type Proof } from "@pharmasight/core/tenant/accounts/credentials";
import { SignIn } from "@pharmasight/core/tenant/accounts/sign-in";
import type { Member, Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { hashPassword, verifyPassword } from "better-auth/crypto";

/**
 * better-auth's own hashes (scrypt, N 16384, r 16; 66 ms on the thread pool) in its own table, and nothing else of it:
 * its cookies and sessions would be a second answer to who somebody is.
 */
export const passwordHashing: PasswordHashing = {
  hash: hashPassword,
  verify: (password, hash) => verifyPassword({ hash, password }),
  decoy: `${"0".repeat(32)}:${"0".repeat(128)}`,
};

/** The passwords of one pharmacy's people. */
export interface Identity {
  /**
   * The person of a mail address or username and their password. Counted and audited.
   * @returns undefined for a wrong password, an unknown login and a deactivated person alike, after the same effort
   * @throws DomainError `rate_limited`
   */
  verifyPassword(login: string, password: string): Promise<Proof | undefined>;
  /** Stores a new password; every session of the person ends, a member's own excepted. @throws as `Credentials.replace` */
  setPassword(userId: string, password: string): Promise<void>;
  hasPassword(userId: string): Promise<boolean>;
}

/** Not for use inside `tx`: hashing takes longer than a transaction should be open. */
export function openIdentity(tenant: TenantScope<Visitor | Member>): Identity {
  return {
    verifyPassword: (login, password) => SignIn.withPassword(tenant, passwordHashing, login, password),
    async setPassword(userId, password) {
      await Credentials.replace(tenant, userId, await passwordHashing.hash(password));
    },
    async hasPassword(userId) {
      return (await Credentials.passwordHashOf(tenant, userId)) !== null;
    },
  };
}
