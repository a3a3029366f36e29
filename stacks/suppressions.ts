import { NagSuppressions } from "cdk-nag";
import type { Stack } from "sst/constructs";

/** SST puts one function for its custom resources into every stack; it is never called by the product. */
export function suppressSstHandler(stack: Stack): void {
  const handler = stack.node.findChild("CustomResourceHandler");
  NagSuppressions.addResourceSuppressions(
    handler,
    [
      { id: "AwsSolutions-L1", reason: "The runtime of SST's own deployment handler is chosen by SST." },
      {
        id: "AwsSolutions-IAM4",
        reason: "SST's own deployment handler logs by AWS's basic execution policy and has no other permission.",
        appliesTo: ["Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
      },
    ],
    true,
  );
}
