import type { FunctionSpec } from "@pharmasight/functions/manifest";
import { RemovalPolicy } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnFunction } from "aws-cdk-lib/aws-lambda";
import { FilterPattern, LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { NagSuppressions } from "cdk-nag";
import { type App, type FunctionProps, Function as SstFunction, type Stack } from "sst/constructs";
import { type Access, accessOf } from "./access.ts";
import { environmentOf } from "./environment.ts";
import { permissionsOf, tenantSecretKinds, tenantSecretPattern } from "./permissions.ts";

/** Zod's index of languages pulls in all of them, 255 kB; the messages that a person reads are our own. */
const onlyEnglishInZod = {
  name: "only-english-in-zod",
  setup(build) {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.c?js$/ }, ({ path }) => ({
      contents: path.endsWith(".cjs")
        ? `exports.en = require("./en.cjs").default;`
        : `export { default as en } from "./en.js";`,
    }));
  },
} satisfies NonNullable<NonNullable<NonNullable<FunctionProps["nodejs"]>["esbuild"]>["plugins"]>[number];

/** Counts the log lines of a stage that carry an alarm, by its name. */
export const alarmMetric = (stage: string) => ({ metricNamespace: `PharmaSight/${stage}`, metricName: "alarms" });
export const ALARM_DIMENSION = "name";

/** One function of the manifest, with exactly the access that `access.ts` gives it. */
export function addFunction(app: App, stack: Stack, spec: FunctionSpec): SstFunction {
  const access = accessOf(spec);
  const id = constructId(spec);
  const logGroup = new LogGroup(stack, `${id}-log`, {
    logGroupName: `/pharmasight/${app.stage}/${id}`,
    retention: RetentionDays.THREE_MONTHS,
    // A stack whose first deployment fails takes it along: the next one makes it again by the same name.
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  // What the code calls an alarm wakes an operator, whichever function says it.
  logGroup.addMetricFilter(`${id}-alarms`, {
    ...alarmMetric(app.stage),
    filterPattern: FilterPattern.exists("$.alarm"),
    dimensions: { [ALARM_DIMENSION]: "$.alarm" },
    metricValue: "1",
  });
  const role = addRole(stack, id, logGroup);
  const fn = new SstFunction(stack, id, {
    handler: `${spec.entry}.handler`,
    runtime: "nodejs24.x",
    architecture: "arm_64",
    memorySize: spec.memoryMb,
    timeout: spec.timeoutSeconds,
    // Code runs here as it was deployed; who develops has the local stack.
    enableLiveDev: false,
    tracing: "active",
    role,
    logGroup,
    environment: environmentOf(app, access),
    permissions: permissionsOf(app, stack, access),
    nodejs: {
      format: "esm",
      minify: true,
      // A cold start loads what its first request needs, and not what only other paths import.
      splitting: true,
      sourcemap: true,
      // A trace in the log needs names and lines (`adapters/stack-traces.ts`), not the sources themselves.
      esbuild: { sourcesContent: false, plugins: [onlyEnglishInZod] },
    },
    ...(spec.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: spec.reservedConcurrency }),
    ...(access.servesAssets ? { copyFiles: [{ from: "packages/views/dist", to: "assets" }] } : {}),
  });
  if (spec.goesRound) allowRounds(fn);
  suppressWildcards(role, app.stage, access);
  return fn;
}

/** Without it, Lambda takes a chain of some 16 messages for a mistake and stops it. */
function allowRounds(fn: SstFunction): void {
  const resource = fn.node.defaultChild;
  if (!(resource instanceof CfnFunction)) throw new Error(`${fn.node.id} has no resource of its own.`);
  resource.recursiveLoop = "Allow";
}

/** `packages/functions/control/site/app` is `control-site-app`, in CloudFormation and in the names of log groups. */
const constructId = (spec: FunctionSpec): string => spec.entry.replace("packages/functions/", "").replaceAll("/", "-");

/** A role of the function's own that may write to its own log: AWS's basic policy may write to every log. */
function addRole(stack: Stack, id: string, logGroup: LogGroup): Role {
  return new Role(stack, `${id}-role`, {
    assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
    inlinePolicies: {
      log: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: [logGroup.logGroupArn],
          }),
        ],
      }),
    },
  });
}

/** Says why the wildcards in the function's own role are as narrow as they can be. */
function suppressWildcards(role: Role, stage: string, access: Access): void {
  const { region, account } = role.stack;
  const secrets = `Resource::arn:<AWS::Partition>:secretsmanager:${region}:${account}:secret:`;
  const tenantSecrets = tenantSecretKinds(access).map((kind) => secrets + tenantSecretPattern(stage, kind));
  NagSuppressions.addResourceSuppressions(
    role,
    [
      {
        id: "AwsSolutions-IAM5",
        reason: "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources.",
        appliesTo: ["Resource::*"],
      },
      ...tenantSecrets.map((resource) => ({
        id: "AwsSolutions-IAM5",
        reason: "Pharmacies sign up while the system runs: the names of their secrets are known by their form only.",
        appliesTo: [resource],
      })),
    ],
    true,
  );
}
