import { randomUUID } from "node:crypto";
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { localCredentials } from "./credentials.ts";
import { REGION } from "./lambda.ts";

/** Names of the stage's secrets, which the functions read by reference. */
export const secretNames = {
  controlDatabase: "pharmasight/local/control-database",
  controlOwner: "pharmasight/local/control-owner",
  registryDatabase: "pharmasight/local/registry-database",
  signingKey: "pharmasight/local/signing-key",
  supabaseToken: "pharmasight/local/supabase-token",
  stripeKey: "pharmasight/local/stripe-key",
  stripeWebhook: "pharmasight/local/stripe-webhook",
  postgresAdministrator: "pharmasight/local/postgres-administrator",
} as const;

/** What the payment provider signs with it tells itself, once: see `billing.ts`. */
type GivenSecret = Exclude<keyof typeof secretNames, "stripeWebhook">;

/** Writes the stage's secrets, which a deployment makes by hand and by stack. May be run again. */
export async function storeSecrets(endpoint: string, values: Readonly<Record<GivenSecret, string>>): Promise<void> {
  const client = new SecretsManagerClient({ endpoint, region: REGION, credentials: localCredentials });
  try {
    await store(client, secretNames.controlDatabase, values.controlDatabase);
    await store(client, secretNames.controlOwner, values.controlOwner);
    await store(client, secretNames.registryDatabase, values.registryDatabase);
    await store(client, secretNames.signingKey, values.signingKey);
    await store(client, secretNames.supabaseToken, values.supabaseToken);
    await store(client, secretNames.stripeKey, values.stripeKey);
    await store(client, secretNames.postgresAdministrator, values.postgresAdministrator);
  } finally {
    client.destroy();
  }
}

async function store(client: SecretsManagerClient, name: string, value: string): Promise<void> {
  const version = { SecretString: value, ClientRequestToken: randomUUID() };
  try {
    await client.send(new CreateSecretCommand({ Name: name, ...version }));
  } catch (error) {
    if (!(error instanceof ResourceExistsException)) throw error;
    await client.send(new PutSecretValueCommand({ SecretId: name, ...version }));
  }
}
