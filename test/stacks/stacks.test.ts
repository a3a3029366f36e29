import { existsSync } from "node:fs";
import {
  billingConfig,
  controlConfig,
  controlMigrationConfig,
  hooksConfig,
  provisioningConfig,
  tenantBillingConfig,
  tenantConfig,
} from "@pharmasight/adapters/config";
import { alarmNames } from "@pharmasight/core/kernel/log";
import { type QueueName, queueNames } from "@pharmasight/core/ports/jobs";
import { type FunctionSpec, functions, queues, schedules } from "@pharmasight/functions/manifest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deploymentConfiguration } from "../../stacks/configuration.ts";
import { bundleBytes, deployment, ROOT_DOMAIN, STAGE, type Synthesis, synthesise } from "./synthesis.ts";
import { readTemplates } from "./templates.ts";

const consumers = Object.fromEntries(queueNames.map((name) => [name, queues[name].consumer])) as Record<
  QueueName,
  FunctionSpec
>;
const specs: Record<string, FunctionSpec> = { ...functions, ...consumers };
const tenantPlane = ["tenantApp", "tenantAuth", "tenant-relay", "tenant-mail", "item-imports"];
const mailWorkers = ["control-mail", "tenant-mail"];
const BUNDLE_BUDGET_BYTES = 1_500_000;

let synthesis: Synthesis;
let templates: ReturnType<typeof readTemplates>;

beforeAll(async () => {
  synthesis = await synthesise();
  templates = readTemplates(synthesis.assembly);
}, 120_000);
afterAll(() => synthesis?.remove());

/** What reads the function's configuration when it starts. */
const parserOf = (name: string) => {
  if (tenantPlane.includes(name)) return tenantConfig;
  if (name === "tenantBilling") return tenantBillingConfig;
  if (name === "migrateControl") return controlMigrationConfig;
  if (name === "billing") return billingConfig;
  if (name === "hooks") return hooksConfig;
  return name === "provisioning" ? provisioningConfig : controlConfig;
};

const functionOf = (name: string) => templates.functionOf(specs[name]?.entry ?? name);
const resourcesFor = (name: string, action: string) =>
  functionOf(name)
    .statements.filter((statement) => statement.actions.includes(action))
    .flatMap((statement) => statement.resources);
const secretName = (resource: string) => resource.replace(/^.*:secret:/, "");
const secretsReadBy = (name: string) => resourcesFor(name, "secretsmanager:GetSecretValue").map(secretName).sort();
const stageSecret = (name: string) => `pharmasight/${STAGE}/${name}`;

describe("rules of AWS Solutions", () => {
  test("no finding is left without a written reason", () => {
    const findings = synthesis.assembly.stacks.flatMap((stack) =>
      stack.messages.filter(({ level }) => level !== "info").map(({ id, entry }) => `${id}: ${String(entry.data)}`),
    );
    expect(findings).toEqual([]);
  });
});

describe("functions", () => {
  test("those, and only those, whose work goes on by messages to themselves may go round", () => {
    const round = Object.keys(specs).filter((name) => functionOf(name).properties["RecursiveLoop"] === "Allow");
    expect(round.sort()).toEqual(["billing", "fleet-migrations", "item-imports", "provisioning"]);
  });

  test("migrations have their share of the account's concurrency, whatever else runs", () => {
    for (const [name, spec] of Object.entries(specs)) {
      expect([name, functionOf(name).properties["ReservedConcurrentExecutions"]]).toEqual([
        name,
        spec.reservedConcurrency,
      ]);
    }
    const { consumer, maxConcurrency } = queues["fleet-migrations"];
    expect(consumer.reservedConcurrency).toBeGreaterThanOrEqual(maxConcurrency);
  });

  test.each(Object.keys(specs))("%s is deployed as the manifest says, from a file that exists", (name) => {
    const spec = specs[name];
    if (!spec) throw new Error(name);
    expect([".ts", ".tsx"].some((extension) => existsSync(spec.entry + extension))).toBe(true);
    expect(existsSync(synthesis.bundleOf(spec).file)).toBe(true);
    const { properties } = functionOf(name);
    expect(properties).toMatchObject({
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      MemorySize: spec.memoryMb,
      Timeout: spec.timeoutSeconds,
      TracingConfig: { Mode: "Active" },
    });
    expect(properties.LoggingConfig.LogGroup).toBeDefined();
  });

  test.each(Object.keys(specs))("%s finds all of its configuration in its environment, and nothing else", (name) => {
    const { environment } = functionOf(name);
    const parse = parserOf(name);
    const own = process.env;
    process.env = { ...environment } as NodeJS.ProcessEnv;
    try {
      const understood = Object.keys(parse());
      const others = Object.keys(environment).filter((variable) => !understood.includes(variable));
      expect(others.sort()).toEqual(
        ["AWS_NODEJS_CONNECTION_REUSE_ENABLED", "SST_APP", "SST_SSM_PREFIX", "SST_STAGE"].sort(),
      );
    } finally {
      process.env = own;
    }
  });

  test("the pages' functions carry the built assets, the workers do not", () => {
    for (const [name, spec] of Object.entries(specs)) {
      const manifest = `${synthesis.bundleOf(spec).taskRoot}/assets/manifest.json`;
      expect([name, existsSync(manifest)]).toEqual([
        name,
        ["controlSite", "tenantApp", "tenantAuth", "tenantBilling"].includes(name),
      ]);
    }
  });

  test("the tenant's bundle stays within its budget, with all parts that it loads later", () => {
    const sizes = Object.entries(specs).map(([name, spec]) => ({
      name,
      kB: Math.round(bundleBytes(synthesis.bundleOf(spec)) / 1000),
    }));
    console.table(sizes);
    expect(bundleBytes(synthesis.bundleOf(functions.tenantApp))).toBeLessThanOrEqual(BUNDLE_BUDGET_BYTES);
  });
});

describe("least privilege", () => {
  test.each(Object.keys(specs))("%s has no managed policy, no wildcard action and no unnamed resource", (name) => {
    const { statements, managedPolicies } = functionOf(name);
    expect(managedPolicies).toEqual([]);
    expect(statements.flatMap(({ actions }) => actions).filter((action) => action.includes("*"))).toEqual([]);
    const open = statements.filter(({ resources }) => resources.includes("*")).flatMap(({ actions }) => actions);
    expect(open.sort()).toEqual(["xray:PutTelemetryRecords", "xray:PutTraceSegments"]);
  });

  test.each(tenantPlane)(
    "%s reads pharmacies' app secrets and the registry, never an owner's or a vendor's",
    (name) => {
      const signs = ["tenantApp", "tenantAuth", "tenant-mail"].includes(name);
      const expected = ["registry-database", ...(signs ? ["signing-key"] : []), "tenants/*/app-*"];
      expect(secretsReadBy(name)).toEqual(expected.map(stageSecret));
      expect(JSON.stringify(functionOf(name))).not.toMatch(
        /owner|stripe|supabase|administrator|control-database|CreateSecret/i,
      );
    },
  );

  test.each(["controlSite", "sweepControl", "scanFleet", "control-mail", "tenant-events"])(
    "%s reads no pharmacy's and no vendor's secret",
    (name) => {
      const signs = name !== "sweepControl" && name !== "scanFleet";
      const expected = ["control-database", ...(signs ? ["signing-key"] : [])];
      expect(secretsReadBy(name)).toEqual(expected.map(stageSecret));
      expect(JSON.stringify(functionOf(name).statements)).not.toMatch(
        /tenants|stripe|supabase|administrator|CreateSecret/i,
      );
    },
  );

  test("only provisioning knows the server of our own, and may read its administrator's secret", () => {
    const secret = stageSecret("postgres-administrator");
    expect(Object.keys(specs).filter((name) => secretsReadBy(name).includes(secret))).toEqual(["provisioning"]);
    const knows = (name: string) =>
      Object.keys(functionOf(name).environment).some((key) => key.startsWith("POSTGRES_"));
    expect(Object.keys(specs).filter(knows)).toEqual(["provisioning"]);
  });

  test("the payment provider's key is for those who ask it, its signature for the one who listens", () => {
    const readers = (secret: string) =>
      Object.keys(specs)
        .filter((name) => secretsReadBy(name).includes(secret))
        .sort();
    expect(readers(stageSecret("stripe-key"))).toEqual(["billing", "provisioning", "tenantBilling"]);
    expect(readers(stageSecret("stripe-webhook"))).toEqual(["hooks"]);
    expect(secretsReadBy("billing")).toEqual(["control-database", "stripe-key"].map(stageSecret));
    expect(secretsReadBy("hooks")).toEqual(["control-database", "stripe-webhook"].map(stageSecret));
  });

  test("the function that pharmacies pay at reaches both planes, and no owner's, vendor's or mail's secret beside", () => {
    expect(secretsReadBy("tenantBilling")).toEqual(
      ["control-database", "registry-database", "signing-key", "stripe-key", "tenants/*/app-*"].map(stageSecret),
    );
    expect(JSON.stringify(functionOf("tenantBilling").statements)).not.toMatch(
      /owner|supabase|administrator|webhook|CreateSecret|ses:/i,
    );
    const both = Object.keys(specs).filter((name) =>
      ["control-database", "registry-database"].every((secret) => secretsReadBy(name).includes(stageSecret(secret))),
    );
    expect(both).toEqual(["tenantBilling"]);
  });

  test("owners' credentials are read by provisioning and the workers of migrations, and by these only", () => {
    const reads = (name: string) => secretsReadBy(name).includes(stageSecret("tenants/*/owner-*"));
    expect(Object.keys(specs).filter(reads).sort()).toEqual(["fleet-looks", "fleet-migrations", "provisioning"]);
    for (const name of ["fleet-looks", "fleet-migrations"]) {
      expect(secretsReadBy(name)).toEqual(["control-database", "tenants/*/owner-*"].map(stageSecret));
    }
  });

  test("the control database's owner is known to the deployment's own function, and to this only", () => {
    const secret = stageSecret("control-owner");
    expect(Object.keys(specs).filter((name) => secretsReadBy(name).includes(secret))).toEqual(["migrateControl"]);
    expect(secretsReadBy("migrateControl")).toEqual([secret]);
  });

  test("a plan is not sent to a server of ours that the stage does not have", () => {
    const own = process.env;
    process.env = { ...own, ...deployment };
    try {
      expect(deploymentConfiguration().POSTGRES_REGION).toBe("nairobi-1");
      process.env.POSTGRES_REGION = "mombasa-1";
      expect(deploymentConfiguration).toThrow("PLAN_PLACES: names a server of ours");
      process.env.PLAN_PLACES = '{"starter": {"provider": "oracle", "region": "moon", "size": "large"}}';
      expect(deploymentConfiguration).toThrow("PLAN_PLACES: has to be JSON");
    } finally {
      process.env = own;
    }
  });

  test.each(["CreateSecret", "PutSecretValue", "DeleteSecret"])(
    "only provisioning may use %s, and only on pharmacies' secrets of this stage",
    (action) => {
      const may = Object.keys(specs).filter((name) => resourcesFor(name, `secretsmanager:${action}`).length > 0);
      expect(may).toEqual(["provisioning"]);
      expect(resourcesFor("provisioning", `secretsmanager:${action}`).map(secretName)).toEqual(
        ["tenants/*/app-*", "tenants/*/owner-*"].map(stageSecret),
      );
    },
  );

  test("only the mail workers send mail, from the root domain and its one address", () => {
    const senders = Object.keys(specs).filter((name) => resourcesFor(name, "ses:SendEmail").length > 0);
    expect(senders.sort()).toEqual(mailWorkers);
    for (const name of senders) {
      const [statement] = functionOf(name).statements.filter(({ actions }) => actions.includes("ses:SendEmail"));
      expect(statement?.resources).toEqual([expect.stringMatching(/identity\//)]);
      expect(statement?.conditions).toBe(
        JSON.stringify({ StringEquals: { "ses:FromAddress": `no-reply@${ROOT_DOMAIN}` } }),
      );
    }
  });

  test("each sends to those queues only that its own code, or a relay of its plane's outbox, fills", () => {
    const controlQueues = ["provisioning", "control-mail", "fleet-migrations", "fleet-looks", "billing"];
    const tenantQueues = ["tenant-relay", "tenant-mail", "tenant-events", "item-imports"];
    const sends = Object.fromEntries(
      Object.keys(specs).map((name) => [
        name,
        resourcesFor(name, "sqs:SendMessage").map((queue) => queue.replace(`${STAGE}-pharmasight-`, "")),
      ]),
    );
    expect(sends).toEqual({
      controlSite: controlQueues,
      hooks: controlQueues,
      sweepControl: controlQueues,
      scanFleet: controlQueues,
      migrateControl: [],
      provisioning: controlQueues,
      "control-mail": [],
      tenantApp: tenantQueues,
      tenantAuth: tenantQueues,
      tenantBilling: [...tenantQueues, ...controlQueues],
      "tenant-relay": ["tenant-mail", "tenant-events", "item-imports"],
      "tenant-mail": [],
      "tenant-events": [],
      "item-imports": tenantQueues,
      "fleet-migrations": controlQueues,
      "fleet-looks": controlQueues,
      billing: controlQueues,
    });
  });

  test.each(Object.keys(specs))("%s uses the stage's key through Secrets Manager only", (name) => {
    const statements = functionOf(name).statements.filter(({ actions }) =>
      actions.some((action) => action.startsWith("kms:")),
    );
    expect(statements).not.toEqual([]);
    for (const { conditions } of statements) expect(conditions).toContain("kms:ViaService");
  });
});

describe("queues and schedules", () => {
  test.each(queueNames)("%s has the manifest's numbers, a dead-letter queue, encryption and TLS", (name) => {
    const spec = queues[name];
    const queueName = `${STAGE}-pharmasight-${name}`;
    const [queue, ...others] = templates
      .ofType("AWS::SQS::Queue")
      .filter(({ resource }) => resource.Properties.QueueName === queueName);
    expect(others).toEqual([]);
    expect(queue?.resource.Properties).toMatchObject({
      VisibilityTimeout: spec.visibilityTimeoutSeconds,
      RedrivePolicy: { maxReceiveCount: spec.maxReceiveCount },
      SqsManagedSseEnabled: true,
    });
    expect(spec.visibilityTimeoutSeconds).toBeGreaterThanOrEqual(6 * spec.consumer.timeoutSeconds);
    expect(functionOf(name).eventSource).toMatchObject({
      queue: queueName,
      BatchSize: spec.batchSize,
      ScalingConfig: { MaximumConcurrency: spec.maxConcurrency },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
  });

  test("every schedule of the manifest runs its function", () => {
    const rules = templates.ofType("AWS::Events::Rule").map(({ resource }) => resource.Properties.ScheduleExpression);
    expect(rules).toEqual(
      schedules.map(({ everyMinutes }) => `rate(${everyMinutes} ${everyMinutes === 1 ? "minute" : "minutes"})`),
    );
  });

  test("what any function calls an alarm is counted by its name, and each name wakes somebody by itself", () => {
    const counted = templates.ofType("AWS::Logs::MetricFilter").map(({ resource }) => resource.Properties);
    expect(counted).toHaveLength(Object.keys(specs).length);
    for (const { FilterPattern, MetricTransformations } of counted) {
      expect(FilterPattern).toBe('{ $.alarm = "*" }');
      const Dimensions = [{ Key: "name", Value: "$.alarm" }];
      expect(MetricTransformations).toMatchObject([{ MetricName: "alarms", MetricValue: "1", Dimensions }]);
    }
    const watched = templates
      .ofType("AWS::CloudWatch::Alarm")
      .filter(({ resource }) => resource.Properties.MetricName === "alarms");
    const names = watched.map(({ resource }) => resource.Properties.Dimensions);
    expect(names).toEqual(alarmNames.map((Value) => [{ Name: "name", Value }]));
    for (const { resource } of watched) expect(resource.Properties.AlarmActions).toHaveLength(1);
  });

  test("what runs by the clock wakes somebody when it fails again and again", () => {
    const watched = templates
      .ofType("AWS::CloudWatch::Alarm")
      .filter(({ resource }) => resource.Properties.Namespace === "AWS/Lambda");
    expect(watched).toHaveLength(schedules.length);
    for (const { resource } of watched)
      expect(resource.Properties).toMatchObject({ MetricName: "Errors", Threshold: 3 });
  });

  test("every dead-letter queue has an alarm", () => {
    const watched = templates
      .ofType("AWS::CloudWatch::Alarm")
      .filter(({ resource }) => resource.Properties.MetricName === "ApproximateNumberOfMessagesVisible");
    expect(watched).toHaveLength(queueNames.length);
  });
});

describe("the control plane's own migrations", () => {
  test("run in every deployment, by the function of the manifest", () => {
    const [script, ...others] = templates.ofType("Custom::SSTScript");
    expect(others).toEqual([]);
    if (script === undefined) throw new Error("Nothing runs in a deployment.");
    const called = (event: string) => templates.text(script.template, script.resource.Properties[event]);
    const migrate = templates
      .ofType("AWS::Lambda::Function")
      .find(({ resource }) => resource.Properties.Handler === `${functions.migrateControl.entry}.handler`);
    expect([called("UserCreateFunction"), called("UserUpdateFunction")]).toEqual([migrate?.id, migrate?.id]);
    expect(script.resource.Properties.Version).toMatch(/^\d+$/);
  });

  test("come before every function that needs them changes", () => {
    const stackOf = (name: string) =>
      synthesis.assembly.stacks.find((stack) =>
        JSON.stringify(stack.template).includes(`${specs[name]?.entry}.handler`),
      );
    const migrations = stackOf("migrateControl");
    if (migrations === undefined) throw new Error("No stack migrates.");
    for (const name of Object.keys(specs).filter((other) => other !== "migrateControl")) {
      expect([name, stackOf(name)?.dependencies.includes(migrations)]).toEqual([name, true]);
    }
  });

  test("can be tried again by the same names when their first deployment fails", () => {
    // SST makes those of the APIs itself, with names of their own.
    const groups = templates
      .ofType("AWS::Logs::LogGroup")
      .filter(({ resource }) => JSON.stringify(resource.Properties.LogGroupName ?? "").includes("/pharmasight/"));
    expect(groups.length).toBeGreaterThan(5);
    for (const { resource } of groups) {
      expect(resource.DeletionPolicy).toBe("RetainExceptOnCreate");
    }
  });
});

describe("domains and secrets", () => {
  test("the site has the root domain and www, notices have hooks, pharmacies have the wildcard, each with DNS records", () => {
    const names = [ROOT_DOMAIN, `www.${ROOT_DOMAIN}`, `hooks.${ROOT_DOMAIN}`, `*.${ROOT_DOMAIN}`];
    const domains = templates
      .ofType("AWS::ApiGatewayV2::DomainName")
      .map(({ resource }) => resource.Properties.DomainName);
    expect(domains).toEqual(names);
    const records = templates
      .ofType("AWS::Route53::RecordSet")
      .map(({ resource }) => `${resource.Properties.Type} ${resource.Properties.Name}`);
    expect(records).toEqual(expect.arrayContaining(names.flatMap((name) => [`A ${name}.`, `AAAA ${name}.`])));
    expect(templates.ofType("AWS::ApiGatewayV2::ApiMapping")).toHaveLength(4);
  });

  test("pharmacies' sign-in routes and notices go to their own functions, everything else to the applications", () => {
    const routes = templates.ofType("AWS::ApiGatewayV2::Route").map(({ resource }) => resource.Properties.RouteKey);
    expect(routes.sort()).toEqual(
      [
        "$default",
        "$default",
        "ANY /auth",
        "ANY /auth/{proxy+}",
        "ANY /billing",
        "ANY /billing/{proxy+}",
        "POST /stripe",
      ].sort(),
    );
  });

  test("the APIs answer on their own domains only", () => {
    for (const { resource } of templates.ofType("AWS::ApiGatewayV2::Api")) {
      expect(resource.Properties.DisableExecuteApiEndpoint).toBe(true);
    }
  });

  test("the stage's secrets are encrypted with the stage's own key, which rotates and outlives the stack", () => {
    const [key, ...others] = templates.ofType("AWS::KMS::Key");
    expect(others).toEqual([]);
    expect(key?.resource).toMatchObject({ Properties: { EnableKeyRotation: true }, DeletionPolicy: "Retain" });
    const secrets = templates.ofType("AWS::SecretsManager::Secret");
    expect(secrets.map(({ resource }) => resource.Properties.Name).sort()).toEqual(
      [
        "control-database",
        "control-owner",
        "postgres-administrator",
        "registry-database",
        "signing-key",
        "stripe-key",
        "stripe-webhook",
        "supabase-token",
      ].map(stageSecret),
    );
    for (const { resource, template } of secrets) {
      expect(templates.text(template, resource.Properties.KmsKeyId)).toBe(key?.id);
    }
  });
});
