import { once } from "@pharmasight/core/kernel/once";
import { UNCOMPILED } from "@pharmasight/core/kernel/parsing";
import * as z from "zod";
import { planPlacesSchema } from "./plan-places.ts";

/**
 * The environment, parsed once per process. This is the only file that reads `process.env`; the AWS SDK reads its own
 * `AWS_*` variables, which is how a base URL chooses between the cloud and the local stack.
 */

const url = z.url().transform((value) => value.replace(/\/$/, ""));
const port = z.coerce.number().int().min(1).max(65_535);
const secretReference = z.string().min(1);
const count = (fallback: number) => z.coerce.number().int().min(0).default(fallback);

const shared = {
  STAGE: z.string().regex(/^[a-z0-9-]{1,20}$/),
  /** Scheme, root domain and, locally, port: `https://pharmasight.com`. */
  ROOT_URL: url,
  /** Version of the running code, shown in the footer and in logs. */
  VERSION: z.string().default("dev"),
  LOG_LEVEL: z.enum(["DEBUG", "INFO", "WARN", "ERROR", "SILENT"]).default("INFO"),
  /** Reference of the master key that per-tenant keys are derived from. */
  SIGNING_KEY_SECRET: secretReference,
  /** PEM of the authority that signs database servers; not needed on loopback. */
  DATABASE_CA: z.string().optional(),
  MAIL_FROM: z.string().min(3),
};

/** Folder of the built assets, relative to the task root. */
const assets = { ASSETS_DIR: z.string().default("assets") };

const logSchema = z.object({ LOG_LEVEL: shared.LOG_LEVEL });

const mailSchema = z.object({ MAIL_FROM: shared.MAIL_FROM });

/** What answering any request needs, before it is known whose it is. */
const edgeSchema = z.object({ ROOT_URL: shared.ROOT_URL, VERSION: shared.VERSION, ...assets });

const queueUrls = {
  QUEUE_URL_PROVISIONING: z.string().min(1),
  QUEUE_URL_CONTROL_MAIL: z.string().min(1),
  QUEUE_URL_TENANT_RELAY: z.string().min(1),
  QUEUE_URL_TENANT_MAIL: z.string().min(1),
  QUEUE_URL_TENANT_EVENTS: z.string().min(1),
  QUEUE_URL_ITEM_IMPORTS: z.string().min(1),
  QUEUE_URL_FLEET_MIGRATIONS: z.string().min(1),
  QUEUE_URL_FLEET_LOOKS: z.string().min(1),
  QUEUE_URL_BILLING: z.string().min(1),
};

const tenantCaches = {
  /** Tenants kept open per process, and how long. */
  OPEN_TENANTS_MAX: count(200),
  OPEN_TENANT_TTL_SECONDS: count(300),
  /** How stale the registry may be before a request looks at its counter. */
  REGISTRY_CHECK_SECONDS: count(5),
  /** How long open tenants are served while the control database does not answer. */
  REGISTRY_GRACE_SECONDS: count(60),
  /** Connections per tenant and process. */
  TENANT_POOL_SIZE: count(1),
  TENANT_IDLE_SECONDS: count(60),
};

const controlSchema = z.object({
  ...shared,
  ...assets,
  QUEUE_URL_PROVISIONING: queueUrls.QUEUE_URL_PROVISIONING,
  QUEUE_URL_CONTROL_MAIL: queueUrls.QUEUE_URL_CONTROL_MAIL,
  QUEUE_URL_FLEET_MIGRATIONS: queueUrls.QUEUE_URL_FLEET_MIGRATIONS,
  QUEUE_URL_FLEET_LOOKS: queueUrls.QUEUE_URL_FLEET_LOOKS,
  QUEUE_URL_BILLING: queueUrls.QUEUE_URL_BILLING,
  /** Connection of the role `control_app`, JSON: host, port, database, user, password. */
  CONTROL_DATABASE_SECRET: secretReference,
  CONTROL_POOL_SIZE: count(1),
});

const controlMigrationSchema = z.object({
  ...controlSchema.shape,
  /** Connection of the owner of the control database, who alone may change its tables. */
  CONTROL_OWNER_SECRET: secretReference,
  /** Which line of releases the stage serves, see `core/control/fleet`. */
  RELEASE_CHANNEL: z.enum(["stable", "next"]).default("stable"),
});

/** Where the payment provider is; a key of a test account there is all that its real tests need. */
const stripe = {
  STRIPE_API_URL: url.default("https://api.stripe.com"),
  STRIPE_KEY_SECRET: secretReference,
};

const hooks = {
  /** Where the payment provider sends its notices: `https://hooks.pharmasight.com`. */
  HOOKS_URL: url,
  /** Of the secret that they are signed with, JSON: `current`, and `previous` while one takes the place of the other. */
  STRIPE_WEBHOOK_SECRET: secretReference,
};

const billingSchema = z.object({ ...controlSchema.shape, ...stripe });

const hooksSchema = z.object({ ...controlSchema.shape, ...hooks });

/** For operators' commands, which publish what is sold and where notices go. */
const billingOperatorSchema = z.object({ ...billingSchema.shape, ...hooks });

const provisioningSchema = z.object({
  ...controlSchema.shape,
  SUPABASE_API_URL: url,
  SUPABASE_TOKEN_SECRET: secretReference,
  SUPABASE_ORGANIZATION: z.string().min(1),
  SUPABASE_REGION: z.string().min(1),
  SUPABASE_SIZE: z.string().min(1).default("micro"),
  SUPABASE_SESSION_PORT: port.default(5432),
  /** The provider `postgres` is there when its administrator is: JSON like the control database's. */
  POSTGRES_ADMINISTRATOR_SECRET: secretReference.optional(),
  /** What the region of that server is called in `PLAN_PLACES`. */
  POSTGRES_REGION: z.string().min(1).default("own"),
  /** A transaction pooler in front of that server; without it requests connect to the server itself. */
  POSTGRES_POOLER_HOST: z.string().min(1).optional(),
  POSTGRES_POOLER_PORT: port.default(6432),
  /** Plans whose databases are made elsewhere than at Supabase. */
  PLAN_PLACES: planPlacesSchema.default({}),
  ...stripe,
  /** The stage's own key, which tenants' secrets are encrypted with; without it the account's default one. */
  SECRETS_KMS_KEY: z.string().min(1).optional(),
  /** Seconds between two looks at a database that is being made. */
  DATABASE_POLL_SECONDS: count(5),
  /** New databases within any 24 hours; sign-ups beyond them wait. 0 lets none through. */
  DAILY_DATABASES_MAX: count(100),
});

const tenantSchema = z.object({
  ...shared,
  ...assets,
  ...tenantCaches,
  QUEUE_URL_TENANT_RELAY: queueUrls.QUEUE_URL_TENANT_RELAY,
  QUEUE_URL_TENANT_MAIL: queueUrls.QUEUE_URL_TENANT_MAIL,
  QUEUE_URL_TENANT_EVENTS: queueUrls.QUEUE_URL_TENANT_EVENTS,
  QUEUE_URL_ITEM_IMPORTS: queueUrls.QUEUE_URL_ITEM_IMPORTS,
  /** Connection of the role `registry_reader`. */
  REGISTRY_DATABASE_SECRET: secretReference,
});

/** For the function that serves a pharmacy's people with both planes. */
const tenantBillingSchema = z.object({ ...tenantSchema.shape, ...billingSchema.shape });

export type EdgeConfig = z.infer<typeof edgeSchema>;
export type ControlConfig = z.infer<typeof controlSchema>;
export type ControlMigrationConfig = z.infer<typeof controlMigrationSchema>;
export type BillingConfig = z.infer<typeof billingSchema>;
export type HooksConfig = z.infer<typeof hooksSchema>;
export type BillingOperatorConfig = z.infer<typeof billingOperatorSchema>;
export type ProvisioningConfig = z.infer<typeof provisioningSchema>;
export type TenantConfig = z.infer<typeof tenantSchema>;
export type TenantBillingConfig = z.infer<typeof tenantBillingSchema>;

/** Parsed once: every line asks. */
export const logConfig = once(() => parse(logSchema));

/** Parsed once: every request asks. */
export const edgeConfig: () => EdgeConfig = once(() => parse(edgeSchema));
export const mailConfig = (): z.infer<typeof mailSchema> => parse(mailSchema);
export const controlConfig = (): ControlConfig => parse(controlSchema);
export const controlMigrationConfig = (): ControlMigrationConfig => parse(controlMigrationSchema);
export const billingConfig = (): BillingConfig => parse(billingSchema);
export const hooksConfig = (): HooksConfig => parse(hooksSchema);
export const billingOperatorConfig = (): BillingOperatorConfig => parse(billingOperatorSchema);
export const provisioningConfig = (): ProvisioningConfig => parse(provisioningSchema);
export const tenantConfig = (): TenantConfig => parse(tenantSchema);
export const tenantBillingConfig = (): TenantBillingConfig => parse(tenantBillingSchema);

/** @throws Error that lists everything wrong at once */
function parse<T extends z.ZodType>(schema: T): z.infer<T> {
  const result = schema.safeParse(process.env, UNCOMPILED);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`The configuration is incomplete:\n- ${problems.join("\n- ")}`);
}
