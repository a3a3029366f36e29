import { RemovalPolicy } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { NagSuppressions } from "cdk-nag";
import type { Stack, StackContext } from "sst/constructs";
import type { StageSecretName } from "./access.ts";
import { suppressSstHandler } from "./suppressions.ts";

/** The stage's key and its own secrets. The pharmacies' secrets are made when they sign up. */
export function SecretsStack({ app, stack }: StackContext) {
  const key = new Key(stack, "Key", {
    alias: `pharmasight/${app.stage}`,
    description: `Secrets and alarms of PharmaSight, stage ${app.stage}`,
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  // Alarms are published to an encrypted topic by CloudWatch itself.
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
      resources: ["*"],
      conditions: { StringEquals: { "aws:SourceAccount": stack.account } },
    }),
  );
  const secret = (name: StageSecretName, description: string) => addSecret(stack, key, app.stage, name, description);
  const secrets: Readonly<Record<StageSecretName, Secret>> = {
    "control-database": secret("control-database", "Connection of the role control_app, JSON"),
    "control-owner": secret("control-owner", "Connection of the control database's owner, JSON: its migrations only"),
    "registry-database": secret("registry-database", "Connection of the role registry_reader, JSON"),
    "signing-key": secret("signing-key", "Master key that every tenant's keys are derived from"),
    "supabase-token": secret("supabase-token", "Token of the Supabase Management API"),
    "stripe-webhook": secret("stripe-webhook", "What Stripe signs its notices with, JSON: current, previous"),
    "stripe-key": secret("stripe-key", "Restricted key of the Stripe API"),
    "postgres-administrator": secret("postgres-administrator", "Administrator of our own database server, JSON"),
  };
  suppressSstHandler(stack);
  return { key, secrets };
}

/**
 * A secret that starts with 64 random characters. That is the signing key's value for good; an operator replaces the
 * others, and a deployment does not touch a value that is there.
 */
function addSecret(stack: Stack, key: Key, stage: string, name: StageSecretName, description: string): Secret {
  const secret = new Secret(stack, name, {
    secretName: `pharmasight/${stage}/${name}`,
    description,
    encryptionKey: key,
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
  NagSuppressions.addResourceSuppressions(secret, [
    {
      id: "AwsSolutions-SMG4",
      reason: "Issued by a provider (database, Supabase, Stripe) or the root of derived keys: replaced by an operator.",
    },
  ]);
  return secret;
}
