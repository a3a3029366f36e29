import * as z from "zod";
import { type Call, Refusal, type Reply } from "../http.ts";
import { expand, type Includables } from "./expand.ts";
import { decodeForm } from "./form.ts";
import { leavesTraces, once } from "./idempotency.ts";
import type { Memory } from "./memory.ts";
import { invalid, refusal } from "./replies.ts";
import type { ApiRoute, Page, PageRoute } from "./routes.ts";
import { ACCOUNT_VERSION, type World } from "./world.ts";

const expandPaths = z.array(z.string()).default([]);

export interface Served {
  readonly world: World;
  readonly memory: Memory;
  readonly routes: readonly ApiRoute[];
  readonly pages: readonly PageRoute[];
  readonly includables: Includables;
}

/** Answers a call of the API: all of it happens, or nothing. @throws Refusal in Stripe's words */
export function answerApi({ world, memory, routes, includables }: Served, call: Call): Reply {
  if (call.headers.authorization !== `Bearer ${memory.account().apiKey}`) {
    throw refusal(401, "invalid_request_error", "Invalid API Key provided.");
  }
  const version = call.headers["stripe-version"] ?? ACCOUNT_VERSION;
  if (version !== ACCOUNT_VERSION) {
    throw invalid(`Invalid Stripe API version: ${String(version)}. The stand-in knows ${ACCOUNT_VERSION} only.`);
  }
  const found = findRoute(routes, call);
  if (found === undefined) {
    throw refusal(404, "invalid_request_error", `Unrecognized request URL (${call.method}: ${call.path}).`);
  }
  const { route, ids } = found;
  const answer = (): Reply => {
    const { expand: asked, ...params } = decodeForm(
      new URLSearchParams([...call.query, ...new URLSearchParams(call.body)]),
    );
    const paths = expandPaths.safeParse(asked);
    if (!paths.success) throw invalid("Invalid array", { param: "expand" });
    const reply = route.answer({ world, params, ids, id: ids[0] ?? "" });
    return { status: 200, body: expand(world, includables, reply, paths.data) };
  };
  return memory.attempt(() => once(memory, call, world.now(), answer), leavesTraces);
}

/** Answers a request of somebody's browser. */
export function answerPage({ world, memory, pages }: Served, call: Call): Reply {
  const found = findRoute(pages, call);
  if (found === undefined) return text(404, "There is no such page.");
  const { route, ids } = found;
  const form = call.method === "POST" ? new URLSearchParams(call.body) : call.query;
  try {
    return shown(memory.attempt(() => route.answer({ world, form, ids, id: ids[0] ?? "" }), leavesTraces));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return text(error.reply.status, "This page cannot be shown: what it belongs to does not exist or has ended.");
  }
}

function shown(page: Page): Reply {
  if ("redirect" in page) return { status: 303, body: new Uint8Array(), headers: { location: page.redirect } };
  if ("html" in page) {
    const headers = { "content-type": "text/html; charset=utf-8" };
    return { status: page.status, body: Buffer.from(page.html), headers };
  }
  const headers = { "content-type": page.type, "content-disposition": `attachment; filename="${page.fileName}"` };
  return { status: page.status, body: page.bytes, headers };
}

const text = (status: number, message: string): Reply => ({
  status,
  body: Buffer.from(message),
  headers: { "content-type": "text/plain; charset=utf-8" },
});

interface Routable {
  readonly method: string;
  readonly path: string;
}

/** The route of this call, the one with the fewest `:id` first, and what stands at them. */
function findRoute<R extends Routable>(
  routes: readonly R[],
  call: Call,
): { readonly route: R; readonly ids: readonly string[] } | undefined {
  return routes
    .filter(({ method }) => method === call.method)
    .flatMap((route) => {
      const ids = idsIn(route.path, call.path);
      return ids === undefined ? [] : [{ route, ids }];
    })
    .toSorted((a, b) => a.ids.length - b.ids.length)[0];
}

function idsIn(pattern: string, path: string): string[] | undefined {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  if (wanted.length !== given.length) return undefined;
  if (!wanted.every((part, index) => part === given[index] || (part === ":id" && given[index] !== "")))
    return undefined;
  return given.filter((_, index) => wanted[index] === ":id").map(decode);
}

/** What it stands for; as it is when that cannot be said. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
