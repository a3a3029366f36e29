import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { type App, type Stack, use } from "sst/constructs";
import type { Access } from "./access.ts";
import { deploymentConfiguration } from "./configuration.ts";
import { DomainStack } from "./domain.ts";
import { QueuesStack } from "./queues.ts";
import { SecretsStack } from "./secrets.ts";

/** The function's access as statements of IAM. SST's `bind` would grant every action on what it binds. */
export function permissionsOf(app: App, stack: Stack, access: Access): PolicyStatement[] {
  const { key, secrets } = use(SecretsStack);
  const queues = use(QueuesStack);
  const statements = [
    new PolicyStatement({
      actions: ["secretsmanager:GetSecretValue"],
      resources: access.readsSecrets.map((name) => secrets[name].secretArn),
    }),
    new PolicyStatement({
      actions: access.tenantSecrets === "make" ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"],
      resources: [key.keyArn],
      // The key opens nothing but what Secrets Manager itself has agreed to hand out.
      conditions: { StringEquals: { "kms:ViaService": `secretsmanager.${stack.region}.amazonaws.com` } },
    }),
  ];
  if (access.sendsTo.length > 0) {
    const resources = access.sendsTo.map((name) => queues[name].queue.queueArn);
    statements.push(new PolicyStatement({ actions: ["sqs:SendMessage"], resources }));
  }
  const kinds = tenantSecretKinds(access);
  if (kinds.length > 0) {
    const resources = kinds.map((kind) => tenantSecretArn(app, stack, kind));
    statements.push(new PolicyStatement({ actions: ["secretsmanager:GetSecretValue"], resources }));
    if (access.tenantSecrets === "make") {
      // Where the database is stands in the secrets only once the provider has told it, and changes when an operator
      // adopts another one. What is taken back is deleted.
      const actions = ["CreateSecret", "DescribeSecret", "PutSecretValue", "DeleteSecret"];
      statements.push(new PolicyStatement({ actions: actions.map((action) => `secretsmanager:${action}`), resources }));
    }
  }
  if (access.sendsMail) {
    statements.push(
      new PolicyStatement({
        actions: ["ses:SendEmail"],
        resources: [use(DomainStack).mailIdentityArn],
        conditions: { StringEquals: { "ses:FromAddress": deploymentConfiguration().MAIL_FROM } },
      }),
    );
  }
  return statements;
}

type TenantSecretKind = "app" | "owner";

/** The tenants' secrets that a function may read. */
export function tenantSecretKinds(access: Access): readonly TenantSecretKind[] {
  switch (access.tenantSecrets) {
    case "none":
      return [];
    case "read-app":
      return ["app"];
    case "read-owner":
      return ["owner"];
    case "make":
      return ["app", "owner"];
  }
}

/** Name of a tenant's secret as a pattern; after `app-` or `owner-` comes a random part. */
export const tenantSecretPattern = (stage: string, kind: TenantSecretKind): string =>
  `pharmasight/${stage}/tenants/*/${kind}-*`;

const tenantSecretArn = (app: App, stack: Stack, kind: TenantSecretKind): string =>
  `arn:${stack.partition}:secretsmanager:${stack.region}:${stack.account}:secret:${tenantSecretPattern(app.stage, kind)}`;
