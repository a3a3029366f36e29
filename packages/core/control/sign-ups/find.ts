import { hashToken } from "../../kernel/tokens.ts";
import type { ControlScope } from "../scope.ts";
import { MAX_ATTEMPTS } from "./codes.ts";

export interface SignUp {
  readonly id: string;
  readonly companyName: string;
  readonly ownerName: string;
  readonly email: string;
  readonly subdomain: string;
  readonly planCode: string;
  readonly codeExpiresAt: Date;
  /** With the code that is valid now. */
  readonly attemptsLeft: number;
  /** Null until the code was entered, and again when what it opened was rolled back. */
  readonly tenantId: string | null;
  /** Its code was entered once, but the provisioning was given up: it may open another tenant. */
  readonly isRolledBack: boolean;
}

/** The sign-up that this browser sent. */
export async function findForBrowser(control: ControlScope, browserToken: string): Promise<SignUp | undefined> {
  const row = await control.db
    .selectFrom("signUps")
    .innerJoin("subscriptionPlans", "subscriptionPlans.id", "signUps.planId")
    .select([
      "signUps.id",
      "signUps.companyName",
      "signUps.ownerName",
      "signUps.email",
      "signUps.subdomain",
      "signUps.codeExpiresAt",
      "signUps.codeAttempts",
      "signUps.tenantId",
      "signUps.hasOpened",
      "subscriptionPlans.code as planCode",
    ])
    .where("signUps.browserHash", "=", hashToken(browserToken))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { codeAttempts, hasOpened, ...signUp } = row;
  const isRolledBack = hasOpened && row.tenantId === null;
  return { ...signUp, isRolledBack, attemptsLeft: MAX_ATTEMPTS - codeAttempts };
}
