import { randomBytes } from "node:crypto";
import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { postgresTenantSetup } from "@pharmasight/adapters/postgres/tenant-setup";
import { postgresServerHosts } from "@pharmasight/adapters/postgres-server/database-hosts";
import { stripePayments } from "@pharmasight/adapters/stripe/payments";
import { supabaseDatabaseHosts } from "@pharmasight/adapters/supabase/database-hosts";
import type { Place } from "@pharmasight/core/control/provisioning/places";
import type { ProvisioningPorts } from "@pharmasight/core/control/provisioning/provisioning";
import { type ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import type { ControlTables } from "@pharmasight/core/control/tables.generated";
import type { AlarmName, Log } from "@pharmasight/core/kernel/log";
import type { QueueName } from "@pharmasight/core/ports/jobs";
import { prepareControlDatabase } from "@pharmasight/local/control-database";
import { startCluster } from "@pharmasight/local/postgres/cluster";
import { startStripe } from "@pharmasight/local/stand-ins/stripe/stripe";
import { startSupabase } from "@pharmasight/local/stand-ins/supabase";
import { openState } from "@pharmasight/local/state";
import { manualClock, scratchFolder, startTestSecretsManager } from "../local/stand-ins/world.ts";

/** Of the server of our own. */
export const OWN_REGION = "nairobi-1";

interface SentMessage {
  readonly queue: QueueName;
  readonly message: Readonly<Record<string, string>>;
  readonly delaySeconds: number;
}

interface JobFaults {
  /** Makes the service fail. */
  refuse: (queue: QueueName) => boolean;
  /** Makes the service take a message and the answer get lost. */
  loseReply: (queue: QueueName) => boolean;
}

export type ControlWorld = Awaited<ReturnType<typeof startControlWorld>>;

/**
 * A control database in memory, a clock that moves when told, and the vendors' stand-ins, which go by it. Messages are
 * kept, not sent.
 * @param options.timeoutMs how long a vendor is waited for
 */
export async function startControlWorld({ timeoutMs }: { timeoutMs?: number } = {}) {
  const vendorTimeout = timeoutMs === undefined ? {} : { timeoutMs };
  const scratch = await scratchFolder();
  const clock = manualClock();
  const cluster = await startCluster({ dataDir: scratch.path("data"), inMemory: true, log: () => undefined });
  const state = await openState(scratch.path("state"));
  const { app, owner } = await prepareControlDatabase(cluster, state);
  const secretsManager = await startTestSecretsManager(scratch.path("secrets.json"));
  const poolerPorts = { transaction: 0, session: 0 };
  const supabaseFile = scratch.path("supabase.json");
  const supabase = await startSupabase({ file: supabaseFile, port: 0, cluster, poolerPorts, waitSeconds: 0, clock });
  const stripe = await startStripe({ file: scratch.path("stripe.json"), port: 0, clock });

  const sent: SentMessage[] = [];
  const alarms: AlarmName[] = [];
  const log: Log = { info: () => {}, warn: () => {}, error: () => {}, alarm: (name) => void alarms.push(name) };
  const database = openDatabase<ControlTables>({
    endpoint: { host: app.host, port: app.port, database: app.database },
    credential: async () => ({ user: app.user, password: app.password }),
    poolSize: 20,
    idleSeconds: 60,
    maxAgeSeconds: 600,
    connectTimeoutMs: 5000,
    queryTimeoutMs: 20_000,
    transactionTimeoutMs: 30_000,
    applicationName: "control-test",
    log,
  });
  const masterKey = new Uint8Array(randomBytes(32));
  const jobFaults: JobFaults = { refuse: () => false, loseReply: () => false };
  const plane = {
    db: database.db.withSchema("control"),
    jobs: {
      send: async (queue: QueueName, message: Readonly<Record<string, string>>, delaySeconds = 0) => {
        if (jobFaults.refuse(queue)) throw new Error("the queue does not answer");
        sent.push({ queue, message, delaySeconds });
        if (jobFaults.loseReply(queue)) throw new Error("the queue took it and does not answer");
      },
    },
    clock,
    log,
    masterKey: async () => masterKey,
  };
  const control = (actor: ControlActor) => new ControlScope(plane, actor);
  const secrets = awsSecrets({});
  const hosts = {
    supabase: supabaseDatabaseHosts({
      apiUrl: supabase.url,
      token: async () => supabase.token,
      organization: supabase.organization,
      sessionPort: supabase.sessionPort,
      ...vendorTimeout,
    }),
    postgres: postgresServerHosts({
      administrator: async () => ({
        host: cluster.host,
        port: cluster.port,
        database: "postgres",
        ...cluster.superuser,
      }),
      region: OWN_REGION,
    }),
  };
  const place: Place = { provider: "supabase", region: supabase.region, size: "micro" };
  const ports: ProvisioningPorts = {
    secrets,
    hosts,
    setup: postgresTenantSetup({ log }),
    payments: stripePayments({ apiKey: async () => stripe.apiKey, apiUrl: stripe.url, ...vendorTimeout }),
  };
  return {
    clock,
    sent,
    jobFaults,
    alarms,
    supabase,
    stripe,
    secretsManager,
    hosts,
    ports,
    controlOwner: owner,
    settings: {
      stage: "test",
      places: { starter: place, professional: place, enterprise: place },
      databasePollSeconds: 1,
      dailyDatabasesMax: 1_000_000,
      // One step at a time, so that a test can stand between two.
      runSeconds: 0,
    },
    cluster,
    operator: control({ kind: "operator", operatorId: "wanjiku" }),
    system: control({ kind: "system", name: "test" }),
    actingAs: control,
    visitor: (sourceIp: string) => control({ kind: "visitor", sourceIp, requestId: "test" }),
    stop: async () => {
      await database.close();
      await Promise.all([supabase.stop(), stripe.stop(), secretsManager.stop()]);
      await state.release();
      await cluster.stop();
      await scratch.remove();
    },
  };
}

let visitors = 0;

/** A network and a mail address that nobody used before. */
export function newVisitor(): { sourceIp: string; email: string } {
  visitors += 1;
  return { sourceIp: `10.0.${Math.floor(visitors / 250)}.${visitors % 250}`, email: `owner${visitors}@example.com` };
}

export const formOf = (subdomain: string, email: string, changes: Readonly<Record<string, string>> = {}) => ({
  companyName: "Green Cross",
  ownerName: "Amina Otieno",
  email,
  subdomain,
  plan: "starter",
  termsAccepted: "yes",
  termsVersion: SignUps.TERMS_VERSION,
  ...changes,
});

/** A form that was sent, by a visitor of its own. */
export async function startSignUp(world: ControlWorld, subdomain: string) {
  const { sourceIp, email } = newVisitor();
  const control = world.visitor(sourceIp);
  const started = await SignUps.start(control, formOf(subdomain, email));
  return { ...started, control, sourceIp, email, code: await SignUps.codeOf(control, started.signUpId, 1) };
}

/** A sign-up whose code was entered. */
export async function openTenant(world: ControlWorld, subdomain: string) {
  const { control, browserToken, code, email } = await startSignUp(world, subdomain);
  const { tenantId } = await SignUps.confirm(control, browserToken, code);
  const job = await world.system.db
    .selectFrom("provisioningJobs")
    .select("id")
    .where("tenantId", "=", tenantId)
    .executeTakeFirstOrThrow();
  return { tenantId, jobId: job.id, email };
}

/** Six digits that are not the code. */
export const wrongFor = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, "0");
