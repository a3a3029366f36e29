import { functions } from "@pharmasight/functions/manifest";
import { preparePayments } from "./billing.ts";
import { type ControlDatabase, prepareControlDatabase } from "./control-database.ts";
import { applyEnvironment, envFile, functionEnvironment } from "./environment.ts";
import { type Route, startGateway } from "./gateway.ts";
import { loadFunction } from "./lambda.ts";
import { startMail } from "./mail.ts";
import { type Cluster, startCluster } from "./postgres/cluster.ts";
import { type Queues, startQueues } from "./queues.ts";
import { announceRelease } from "./release.ts";
import { storeSecrets } from "./secrets.ts";
import type { HttpServer } from "./stand-ins/http.ts";
import { startSecretsManager } from "./stand-ins/secrets-manager.ts";
import { type Stripe, startStripe } from "./stand-ins/stripe/stripe.ts";
import { type Supabase, startSupabase } from "./stand-ins/supabase.ts";
import { openState } from "./state.ts";
import { startWorkers } from "./workers.ts";

export const ROOT_DOMAIN = "pharmasight.localhost";
const HOOKS_HOST = `hooks.${ROOT_DOMAIN}`;

export interface StackOptions {
  readonly stateDir: string;
  /** Of the site; 0 for a free one. */
  readonly port: number;
  /** For tests: nothing of the databases is left after `stop`, so the folder must be a new one. */
  readonly inMemory?: boolean;
  /** How long a new project takes at the stand-in for Supabase. */
  readonly projectWaitSeconds?: number;
  /** Which plans have their databases elsewhere than at the stand-in for Supabase, see `adapters/plan-places.ts`. */
  readonly planPlaces?: string | undefined;
  readonly log: (line: string) => void;
}

export interface Stack {
  readonly url: string;
  readonly port: number;
  /** Everything that the functions' configuration reads, as it was put into this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cluster: Cluster;
  readonly controlDatabase: ControlDatabase;
  readonly queues: Queues;
  /** The providers, with their faults on demand. */
  readonly supabase: Supabase;
  readonly stripe: Stripe;
  readonly secretsManager: HttpServer;
  /** Page of the mails that were sent; `/store` below it is a list as JSON. */
  readonly inboxUrl: string;
  /** Lets what is under way finish, then stops everything. A second call does nothing. */
  stop(): Promise<void>;
}

interface Stoppable {
  stop(): Promise<void>;
}

const PROJECT_WAIT_SECONDS = 5;

/**
 * The whole platform in this process, which it also sets the environment of: one at a time. The site's address answers
 * from the first moment; requests wait until the functions are loaded.
 * @throws DomainError in one sentence, with everything that was started stopped again
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { log } = options;
  const started: Stoppable[] = [];
  const keep = <T extends Stoppable>(part: T): T => {
    started.push(part);
    return part;
  };
  // What takes work in is stopped first, so that what is under way still finds everything below; then the rest, in the
  // opposite order of its start.
  const entrances: Stoppable[] = [];
  const stop = async () => {
    await Promise.all(entrances.splice(0).map((entrance) => entrance.stop()));
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  const routes = Promise.withResolvers<readonly Route[]>();
  // Nobody may be waiting for them when a start fails.
  routes.promise.catch(() => undefined);
  try {
    const state = await openState(options.stateDir);
    keep({ stop: state.release });
    const gateway = await startGateway({ routes: routes.promise, port: options.port, log });
    entrances.push(gateway);

    log("Starting the databases …");
    const cluster = keep(
      await startCluster({
        dataDir: state.path("postgres"),
        port: await state.port("postgres"),
        inMemory: options.inMemory ?? false,
        log,
      }),
    );
    const controlDatabase = await prepareControlDatabase(cluster, state);

    log("Starting the queues, the mail and the providers …");
    const secretsManager = keep(
      await startSecretsManager({ file: state.path("secrets.json"), port: await state.port("secrets-manager") }),
    );
    const queues = keep(await startQueues({ dataDir: state.path("queues"), port: await state.port("sqs") }));
    const mail = keep(await startMail(await state.port("ses")));
    const supabase = keep(
      await startSupabase({
        file: state.path("supabase.json"),
        port: await state.port("supabase"),
        cluster,
        poolerPorts: {
          transaction: await state.port("pooler-transaction"),
          session: await state.port("pooler-session"),
        },
        waitSeconds: options.projectWaitSeconds ?? PROJECT_WAIT_SECONDS,
      }),
    );
    const stripe = keep(await startStripe({ file: state.path("stripe.json"), port: await state.port("stripe") }));
    await storeSecrets(secretsManager.url, {
      controlDatabase: JSON.stringify(controlDatabase.app),
      controlOwner: JSON.stringify(controlDatabase.owner),
      registryDatabase: JSON.stringify(controlDatabase.registryReader),
      signingKey: await state.secret("signing-key"),
      supabaseToken: supabase.token,
      stripeKey: stripe.apiKey,
      // The provider of our own makes its databases in the same cluster.
      postgresAdministrator: JSON.stringify({
        host: cluster.host,
        port: cluster.port,
        database: "postgres",
        ...cluster.superuser,
      }),
    });

    log("Loading the functions …");
    const url = `http://${ROOT_DOMAIN}:${gateway.port}`;
    const hooksUrl = `http://${HOOKS_HOST}:${gateway.port}`;
    const env = functionEnvironment({
      rootUrl: url,
      hooksUrl,
      secretsManager: secretsManager.url,
      sqs: queues.endpoint,
      ses: mail.url,
      supabase,
      stripe: stripe.url,
      queues: queues.byName,
      planPlaces: options.planPlaces,
    });
    applyEnvironment(env);
    // For the operators' commands, which run beside this process and speak for themselves.
    await state.keep("operator.env", envFile({ ...env, LOG_LEVEL: "SILENT" }));
    await announceRelease(log);
    await preparePayments();
    routes.resolve(await loadRoutes());
    entrances.push(await startWorkers(queues, log));

    return {
      url,
      port: gateway.port,
      env,
      cluster,
      controlDatabase,
      queues,
      supabase,
      stripe,
      secretsManager,
      inboxUrl: mail.url,
      stop,
    };
  } catch (error) {
    routes.reject(error);
    await stop();
    throw error;
  }
}

/** The routes of the deployed APIs: the root domain's, and the wildcard's with signing in and paying beside the rest. */
async function loadRoutes(): Promise<readonly Route[]> {
  const [site, hooks, auth, billing, app] = await Promise.all([
    loadFunction("controlSite", functions.controlSite),
    loadFunction("hooks", functions.hooks),
    loadFunction("tenantAuth", functions.tenantAuth),
    loadFunction("tenantBilling", functions.tenantBilling),
    loadFunction("tenantApp", functions.tenantApp),
  ]);
  return [
    { hosts: [ROOT_DOMAIN, `www.${ROOT_DOMAIN}`], fn: site },
    { hosts: [HOOKS_HOST], fn: hooks },
    { hosts: "any", path: "/auth", fn: auth },
    { hosts: "any", path: "/billing", fn: billing },
    { hosts: "any", fn: app },
  ];
}
