import type { BillingOperatorPlatform } from "@pharmasight/adapters/billing-operator-platform";
import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import type { ControlScope } from "@pharmasight/core/control/scope";
import type { Options } from "../operators/options.ts";
import type { Terminal } from "../operators/terminal.ts";

/** A command as it was called. */
export interface Call {
  readonly operator: ControlScope;
  readonly platform: BillingOperatorPlatform;
  readonly terminal: Terminal;
  /** What came after the command's name. */
  readonly word: string | undefined;
  readonly options: Options;
}

/** How a command ended. */
export interface Outcome {
  /** 0 done, 1 refused or failed, 3 findings are open; 2, called wrongly, is an error. */
  readonly code: 0 | 1 | 3;
  readonly text: string;
  /** The same for programs. */
  readonly data: unknown;
}

export const done = (data: unknown, text: string): Outcome => ({ code: 0, text, data });

/** The operator did not type yes. */
export const notDone = (): Outcome => ({ code: 1, text: "Nothing was done.", data: { changed: false } });

/** The pharmacy that a command is about. @throws DomainError `not_found` */
export const tenantIdOf = async ({ operator, word = "" }: Call): Promise<string> =>
  (await Provisioning.findTenant(operator, word)).tenantId;
