import type { Log } from "@pharmasight/core/kernel/log";
import { parseSecret, type Secrets } from "@pharmasight/core/ports/secrets";
import * as z from "zod";
import { type Database, openDatabase } from "./database.ts";

/** How a database is reached, as a secret of the stage says it. */
export const connectionSchema = z.object({
  host: z.string(),
  port: z.number().int(),
  database: z.string(),
  user: z.string(),
  password: z.string(),
});

export interface DatabaseOfSecretOptions {
  readonly secrets: Secrets;
  /** Reference of a secret with host, port, database, user and password as JSON. */
  readonly reference: string;
  readonly applicationName: string;
  readonly poolSize: number;
  readonly ca: string | undefined;
  readonly log: Log;
}

/** Opens a database of the control plane. The password is read again from its secret when it is refused. */
export async function openDatabaseOfSecret<Tables>(options: DatabaseOfSecretOptions): Promise<Database<Tables>> {
  const read = async () => parseSecret(connectionSchema, await options.secrets.read(options.reference));
  let connection = await read();
  return openDatabase<Tables>({
    endpoint: { host: connection.host, port: connection.port, database: connection.database },
    credential: async ({ refresh }) => {
      if (refresh) connection = await read();
      return { user: connection.user, password: connection.password };
    },
    poolSize: options.poolSize,
    idleSeconds: 60,
    maxAgeSeconds: 600,
    connectTimeoutMs: 5000,
    queryTimeoutMs: 10_000,
    transactionTimeoutMs: 20_000,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    applicationName: options.applicationName,
    log: options.log,
  });
}
