import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { DatabaseConnection } from "@pharmasight/local/control-database";

/**
 * The platform as a process of its own, which a test may kill. Its clock is ahead of the machine's, so that a start is
 * one that comes some minutes after the death before it. Ends with the test that started it.
 *
 * Arguments: state folder, port of the site, seconds that the clock is ahead, file that gets one line for each mail, and
 * where databases are made (see `PLAN_PLACES`), by default at Supabase.
 */

/** What the test is told once everything runs. */
export interface PlatformReady {
  readonly port: number;
  readonly inboxUrl: string;
  /** The control database, with every right. */
  readonly control: DatabaseConnection;
}

const [stateDir = "", port = "", secondsAhead = "0", mailLog = "", planPlaces] = process.argv.slice(2);

advanceClock(Number(secondsAhead) * 1000);
subscribe("http.server.request.start", (event) => {
  const { request } = event as { request: IncomingMessage };
  // Written before the reply is: no death makes a mail uncounted.
  if (request.method === "POST" && request.url === "/v2/email/outbound-emails") appendFileSync(mailLog, "mail\n");
});
process.on("disconnect", () => process.exit(1));

// Loaded only now, with the clock already set.
const { startStack } = await import("@pharmasight/local/stack");
const { cluster, controlDatabase, inboxUrl, ...stack } = await startStack({
  stateDir,
  port: Number(port),
  projectWaitSeconds: 1,
  planPlaces,
  log: () => {},
});
const control = { host: cluster.host, port: cluster.port, database: controlDatabase.owner.database };
const ready: PlatformReady = { port: stack.port, inboxUrl, control: { ...control, ...cluster.superuser } };
process.send?.(ready);

function advanceClock(aheadMs: number): void {
  const RealDate = Date;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [RealDate.now() + aheadMs] : args, newTarget),
    get: (target, name, receiver) =>
      name === "now" ? () => RealDate.now() + aheadMs : Reflect.get(target, name, receiver),
  });
}
