import { planPlacesSchema } from "@pharmasight/adapters/plan-places";
import * as z from "zod";

/**
 * What a deployment has to be told about its stage, from the environment or the stage's `.env.<stage>` file, which SST
 * reads. Nothing here is secret: values of secrets are put into Secrets Manager by the operator.
 */
const schema = z
  .object({
    /** Lower-case root domain; pharmacies live below it. */
    ROOT_DOMAIN: z.string().regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/, "has to be a domain in lower case"),
    /** Route 53 zone of the root domain. Given by id, so that synthesis needs no account. */
    HOSTED_ZONE_ID: z.string().min(1),
    /** Certificate of the stage's region for the root domain and its wildcard. */
    CERTIFICATE_ARN: z.string().regex(/^arn:aws[a-z-]*:acm:/, "has to be the ARN of an ACM certificate"),
    /** Sender of all mail, a bare address of the root domain. */
    MAIL_FROM: z.email(),
    ALARM_EMAIL: z.email(),
    /** PEM of the authority that signs the database servers. */
    DATABASE_CA: z.string().startsWith("-----BEGIN CERTIFICATE-----"),
    SUPABASE_API_URL: z.url().default("https://api.supabase.com"),
    SUPABASE_ORGANIZATION: z.string().min(1),
    SUPABASE_REGION: z.string().min(1),
    /** What we call the region of a database server of our own; without it there is none. */
    POSTGRES_REGION: z.string().min(1).optional(),
    /** A transaction pooler in front of that server. */
    POSTGRES_POOLER_HOST: z.string().min(1).optional(),
    POSTGRES_POOLER_PORT: z
      .string()
      .regex(/^\d{1,5}$/, "has to be a number")
      .default("6432"),
    /** JSON, see `adapters/plan-places.ts`. */
    PLAN_PLACES: z
      .string()
      .refine((text) => planPlacesSchema.safeParse(text).success, "has to be JSON such as docs/deploying.md shows it")
      .default("{}"),
    /** New databases within any 24 hours, see `adapters/config.ts`. */
    DAILY_DATABASES_MAX: z
      .string()
      .regex(/^\d{1,5}$/, "has to be a number")
      .default("100"),
    /** Of the code that is deployed, such as the commit: shown in the footer and in logs. */
    VERSION: z.string().min(1).max(100).default("dev"),
    /** Which line of releases this stage serves: a change that takes a shape away waits for all of them. */
    RELEASE_CHANNEL: z.enum(["stable", "next"]).default("stable"),
    LOG_LEVEL: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).default("INFO"),
  })
  .refine((value) => value.MAIL_FROM.endsWith(`@${value.ROOT_DOMAIN}`), {
    path: ["MAIL_FROM"],
    message: "has to be an address of ROOT_DOMAIN, which is the domain that may send",
  })
  .refine(({ PLAN_PLACES, POSTGRES_REGION }) => ownRegions(PLAN_PLACES).every((region) => region === POSTGRES_REGION), {
    path: ["PLAN_PLACES"],
    message: "names a server of ours in another region than POSTGRES_REGION",
  });

function ownRegions(planPlaces: string): string[] {
  const places = planPlacesSchema.safeParse(planPlaces).data ?? {};
  return Object.values(places).flatMap(({ provider, region }) => (provider === "postgres" ? [region] : []));
}

export type DeploymentConfiguration = z.infer<typeof schema>;

/** @throws Error that lists everything wrong at once */
export function deploymentConfiguration(): DeploymentConfiguration {
  const result = schema.safeParse(process.env);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`The deployment is not configured:\n- ${problems.join("\n- ")}`);
}
