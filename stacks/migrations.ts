import { functions } from "@pharmasight/functions/manifest";
import { NagSuppressions } from "cdk-nag";
import { Script, type StackContext } from "sst/constructs";
import { addFunction } from "./functions.ts";
import { suppressSstHandler } from "./suppressions.ts";

/**
 * The control plane's own migrations, and the announcement of the release, in every deployment. The stacks with code that
 * needs them depend on this one: while it has not succeeded, none of their functions changes.
 */
export function MigrationsStack({ app, stack }: StackContext) {
  const migrate = addFunction(app, stack, functions.migrateControl);
  const script = new Script(stack, "MigrateControl", { onCreate: migrate, onUpdate: migrate });
  NagSuppressions.addResourceSuppressions(
    script,
    [
      { id: "AwsSolutions-L1", reason: "The runtime of SST's own deployment handler is chosen by SST." },
      {
        id: "AwsSolutions-IAM4",
        reason: "SST's own deployment handler logs by AWS's basic execution policy.",
        appliesTo: ["Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
      },
      { id: "AwsSolutions-IAM5", reason: "SST grants the call of the one function with all of its versions." },
    ],
    true,
  );
  suppressSstHandler(stack);
}
