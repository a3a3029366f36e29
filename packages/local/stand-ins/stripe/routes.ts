import type * as z from "zod";
import { invalidParameter } from "./replies.ts";
import type { World } from "./world.ts";

/** One call of the API, read. */
export interface Asked<P> {
  readonly world: World;
  readonly params: P;
  /** What stands at each `:id` of the path. */
  readonly ids: readonly string[];
  /** The first of them, or empty. */
  readonly id: string;
}

/** One call that the stand-in knows. Every other one is refused. */
export interface ApiRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** Such as `/v1/subscriptions/:id`. */
  readonly path: string;
  /** The reply, unexpanded: the server expands it. @throws Refusal in Stripe's words */
  readonly answer: (asked: Asked<unknown>) => object;
}

/**
 * @param parameters a `z.strictObject` of form values as they come (see `form.ts`); a parameter that it does not name is
 * refused as unknown, as Stripe does
 */
export function route<P>(
  method: ApiRoute["method"],
  path: string,
  parameters: z.ZodType<P>,
  answer: (asked: Asked<P>) => object,
): ApiRoute {
  return {
    method,
    path,
    answer: (asked) => {
      const parsed = parameters.safeParse(asked.params);
      if (!parsed.success) throw invalidParameter(parsed.error);
      return answer({ ...asked, params: parsed.data });
    },
  };
}

/** A page in a browser, its file, or another address. */
export type Page =
  | { readonly status: number; readonly html: string }
  | { readonly status: number; readonly type: string; readonly fileName: string; readonly bytes: Uint8Array }
  | { readonly redirect: string };

/** One hosted page, which needs no key: its address is the secret. */
export interface PageRoute {
  readonly method: "GET" | "POST";
  /** Such as `/checkout/:id`. */
  readonly path: string;
  /** `form` is the query of a GET and the body of a POST. */
  readonly answer: (asked: {
    readonly world: World;
    readonly form: URLSearchParams;
    readonly ids: readonly string[];
    readonly id: string;
  }) => Page;
}
