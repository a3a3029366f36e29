import { randomUUID } from "node:crypto";
import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { deriveKey } from "@pharmasight/core/kernel/tokens";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { DatabaseCredential } from "@pharmasight/core/ports/tenant-setup";
import { SESSION_KEY_PURPOSE } from "@pharmasight/core/tenant/scope";
import { SessionTokens } from "@pharmasight/core/tenant/sessions/tokens";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { Pharmacy } from "../harness/stack.ts";
import { getEvent, labelOf, type World } from "./world.ts";

/** A tenant of a bench. */
export interface Copy {
  /** A request of its signed-in owner. */
  readonly event: APIGatewayProxyEventV2;
  /** How its requests reach its database. */
  readonly database: DatabaseEndpoint;
  readonly credential: DatabaseCredential;
}

/** As many tenants, each with a copy of the model's database: the same ids everywhere. */
export async function copies(world: World, model: Pharmacy, count: number, path: string): Promise<readonly Copy[]> {
  const { tenancy } = await tenantPlatform();
  const found = await tenancy.openTenants.findByHost(labelOf(model));
  if (found === undefined) throw new Error("The model is not there.");
  const secrets = awsSecrets({});
  const secret = JSON.parse(await secrets.read(found.entry.appSecretArn ?? ""));
  const template = await world.databaseOf(model);
  const event = getEvent(model, world.stack.port, path);
  const token = event.cookies?.find((cookie) => cookie.startsWith("session="))?.slice("session=".length) ?? "";
  const claims = SessionTokens.claimsOf(decodeURIComponent(token));
  if (claims === undefined) throw new Error("The model's owner is not signed in.");
  const masterKey = await tenancy.masterKey();
  const { cluster } = world.stack;
  // A database can be copied while nobody is connected to it.
  await found.tenant.close();
  await world.control`alter database ${world.control(template)} allow_connections false`;
  await world.control`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${template}`;
  const credential = plain(secret.app);
  const made: Copy[] = [];
  for (let index = 0; index < count; index++) {
    const tenantId = randomUUID();
    const label = `bench-${index}`;
    const database = `bench_${index}`;
    await world.control`create database ${world.control(database)} template ${world.control(template)}`;
    const sql = world.connect(database);
    await sql`set session_replication_role = replica`;
    await sql`update pharmacy.identity set tenant_id = ${tenantId}`;
    await sql.end();
    const pooled = { host: cluster.host, port: cluster.port, database };
    const own = JSON.stringify({ ...secret, tenantId, pooled, app: credential });
    const { reference } = await secrets.create(`bench/${label}`, own);
    await register(world, found.entry.tenantId, { tenantId, label, reference });
    const key = deriveKey(masterKey, SESSION_KEY_PURPOSE, tenantId);
    const cookie = `session=${SessionTokens.sign({ ...claims, tenantId }, key)}`;
    const host = `${label}.${new URL(world.stack.url).hostname}`;
    const asked = { ...event, headers: { ...event.headers, host }, cookies: [cookie] };
    made.push({ event: asked, database: pooled, credential });
  }
  return made;
}

/** The role as the server itself knows it: the pooler's name of it has the project behind a dot. */
const plain = ({ user, password }: DatabaseCredential): DatabaseCredential => ({
  user: user.split(".")[0] ?? user,
  password,
});

export async function register(
  { control }: World,
  modelId: string,
  { tenantId, label, reference }: { tenantId: string; label: string; reference: string },
): Promise<void> {
  const copy = async (table: string, changes: Record<string, string>): Promise<void> => {
    await control`
      insert into ${control(`control.${table}`)}
      select (jsonb_populate_record(t, ${control.json(changes)})).* from ${control(`control.${table}`)} t
      where ${table === "tenants" ? control`t.id` : control`t.tenant_id`} = ${modelId}`;
  };
  await copy("tenants", { id: tenantId, owner_mailbox: `${label}@example.com`, owner_email: `${label}@example.com` });
  await copy("tenant_hosts", { tenant_id: tenantId, host: label });
  await copy("tenant_subscriptions", { id: randomUUID(), tenant_id: tenantId, stripe_customer_id: `cus_${label}` });
  await copy("tenant_databases", {
    tenant_id: tenantId,
    project_name: label,
    project_ref: label,
    owner_secret_arn: `${reference}-owner`,
    app_secret_arn: reference,
  });
}
