import { hmac } from "../../kernel/tokens.ts";
import type { ControlScope } from "../scope.ts";

/** Under what an address of a person is known here: a keyed hash, so that the list of a pharmacy's people cannot be read. */
export async function hashPerson(control: ControlScope, email: string): Promise<string> {
  return hmac(await control.key("people", "directory"), email.trim().toLowerCase());
}
