import { randomBytes } from "node:crypto";
import { type ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import type { Log } from "@pharmasight/core/kernel/log";
import type { KyselyPlugin } from "kysely";
import type { ControlWorld } from "./world.ts";

/** A scope on the world's database that keeps the text of each statement, without its values, and each warning. */
export function observe(world: ControlWorld, actor: ControlActor) {
  const statements: string[] = [];
  const warnings: string[] = [];
  const messages: string[] = [];
  const executor = world.system.db.getExecutor();
  const recorder: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      statements.push(executor.compileQuery(node, queryId).sql);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const log: Log = { info() {}, warn: (message) => void warnings.push(message), error() {}, alarm() {} };
  const masterKey = new Uint8Array(randomBytes(32));
  const plane = {
    db: world.system.db.withPlugin(recorder),
    clock: world.clock,
    log,
    masterKey: async () => masterKey,
    jobs: { send: async (queue: string) => void messages.push(queue) },
  };
  return { control: new ControlScope(plane, actor), statements, warnings, messages };
}
