import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { unavailable } from "@pharmasight/core/kernel/errors";

/** Below the range from which systems take ports of outgoing connections, so that none is taken while we are stopped. */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 200;

/** A port that nothing listens on, on any interface, and that is not in `taken`. @throws DomainError `unavailable` */
export async function freePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FIRST, LAST);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw unavailable(`No free port was found between ${FIRST} and ${LAST}: stop some servers.`, 60);
}

/** Whether a server could listen there now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
