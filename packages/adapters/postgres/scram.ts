import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/** What Postgres itself uses (scram_iterations). */
const ITERATIONS = 4096;
const derive = promisify(pbkdf2);

/**
 * What Postgres stores of a password (RFC 5803). Given in place of the password, it keeps the clear text out of the
 * server's log and statistics.
 * @param password printable ASCII: nothing that SASLprep would change
 */
export async function scramVerifier(password: string, salt: Uint8Array = randomBytes(16)): Promise<string> {
  if (!/^[\x21-\x7e]+$/.test(password)) throw new TypeError("A database password must be printable ASCII.");
  const salted = await derive(password, salt, ITERATIONS, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString("base64")}$${storedKey}:${serverKey}`;
}
