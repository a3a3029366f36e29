import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { AdoptedDatabase } from "@pharmasight/core/control/provisioning/provisioning";
import { parseJson } from "@pharmasight/core/kernel/json";
import {
  type DatabaseEndpoint,
  type DatabaseProvider,
  databaseProviders,
} from "@pharmasight/core/ports/database-hosts";
import * as z from "zod";
import { UsageError } from "../operators/usage.ts";

/** Whatever a provider calls its projects, it is one part of a path, and neither "." nor "..". */
const REFERENCE = /^[\w-]+$/;
const credentialSchema = z.object({ user: z.string().min(1).optional(), password: z.string().min(1) });
type Credential = z.output<typeof credentialSchema>;

/** The database that the options of `adopt` describe. @throws UsageError, without any part of the credential */
export async function readAdopted(
  options: Readonly<Record<string, string | boolean | undefined>>,
): Promise<AdoptedDatabase> {
  const { project, session, pooled, credential, "user-suffix": suffix } = options;
  const provider = providerOf(options.provider);
  if (typeof credential !== "string") {
    throw new UsageError("Give the owner's credential with --credential <file>, or - for standard input.");
  }
  if (typeof project === "string") {
    if (session !== undefined || pooled !== undefined || suffix !== undefined) {
      throw new UsageError("A project's endpoints are known: leave --session, --pooled and --user-suffix out.");
    }
    if (!REFERENCE.test(project)) throw new UsageError("--project has to be the project's reference.");
    const { password } = await readCredential(credential);
    return { kind: "project", provider, ref: project, password };
  }
  if (provider !== undefined) throw new UsageError("--provider says whose project it is: add --project <ref>.");
  if (typeof session !== "string" || typeof pooled !== "string") {
    throw new UsageError("Say which database: --project <ref>, or both --session and --pooled.");
  }
  const endpoints = { session: endpointOf("session", session), pooled: endpointOf("pooled", pooled) };
  const { user, password } = await readCredential(credential);
  if (user === undefined) throw new UsageError('The credential lacks its "user".');
  return { kind: "elsewhere", ...endpoints, user, password, userSuffix: typeof suffix === "string" ? suffix : "" };
}

function providerOf(wanted: string | boolean | undefined): DatabaseProvider | undefined {
  const provider = databaseProviders.find((candidate) => candidate === wanted);
  if (provider !== undefined || wanted === undefined) return provider;
  throw new UsageError(`There is no provider "${wanted}". Known are ${databaseProviders.join(", ")}.`);
}

async function readCredential(source: string): Promise<Credential> {
  const content = await (source === "-" ? text(process.stdin) : readFile(source, "utf8")).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    // What was given is not said: somebody may have typed the credential in its place.
    throw new UsageError(`The credential cannot be read (${code}). Give the name of a file, or - for standard input.`);
  });
  const parsed = credentialSchema.safeParse(parseJson(content));
  if (parsed.success) return parsed.data;
  throw new UsageError('The credential has to be JSON such as {"user": "owner", "password": "…"}.');
}

/** `host:port/database`; an IPv6 address in brackets. */
function endpointOf(option: string, value: string): DatabaseEndpoint {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:/@\s]+)):(\d{1,5})\/([^/?#\s]+)$/i.exec(value);
  const host = match?.[1] ?? match?.[2];
  const [port, database] = [Number(match?.[3]), match?.[4]];
  if (host !== undefined && database !== undefined && port >= 1 && port <= 65_535) return { host, port, database };
  throw new UsageError(`--${option} has to look like db.example.com:5432/postgres, without user and password.`);
}
