import type Sdk from "stripe";

/**
 * An object of the SDK as JSON has it: a reference that could be expanded is its id, and a decimal is text. Shapes stay the
 * SDK's, so that a newer SDK stops this from compiling where they differ.
 */
export type AsStored<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends Sdk.Decimal
    ? string
    : { [P in keyof T]: AsStored<Unexpanded<T[P]>> };

/** `string | Customer | null` is `string | null`. */
type Unexpanded<T> = string extends T ? Exclude<T, { readonly id: string }> : T;
