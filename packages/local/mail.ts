import type { Server } from "node:http";
import { createRequire } from "node:module";
import * as z from "zod";

/**
 * The package is CommonJS with a `default` member, which Node, tsx and vitest import in different shapes; `require` has
 * only one.
 */
const packageSchema = z.object({
  default: z.custom<(config: { host: string; port: number }) => Promise<Server>>(
    (value) => typeof value === "function",
  ),
});
const { default: startServer } = packageSchema.parse(createRequire(import.meta.url)("aws-ses-v2-local"));

export interface Mail {
  /** What the SES client talks to, and the inbox page for people. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts SES. Mails are kept in memory; `/` shows them, `/store` lists them as JSON. */
export async function startMail(port: number): Promise<Mail> {
  const server = await startServer({ port, host: "127.0.0.1" });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
