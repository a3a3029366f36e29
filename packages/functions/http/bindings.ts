import type { HostTarget } from "@pharmasight/core/registry/hostnames";
import type { RequestOrigin } from "@pharmasight/core/tenant/actors";
import type { Context } from "hono";

/** What the edge knows of a request before any route runs. */
export interface Edge {
  /** Whom the request is for: decided by the Host header alone. */
  readonly target: HostTarget;
  readonly origin: RequestOrigin;
  /**
   * Headers of the answer, whatever response it becomes. One that the response has itself goes before them. Cheaper than
   * to set them on the response, which is made again for it.
   */
  readonly headers: Record<string, string>;
}

export interface EdgeEnv {
  Bindings: Edge;
}

export type EdgeContext = Context<EdgeEnv>;
