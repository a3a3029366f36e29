import type { DomainName } from "aws-cdk-lib/aws-apigatewayv2";
import { NagSuppressions } from "cdk-nag";
import { Api, type Function as SstFunction, type Stack } from "sst/constructs";

/** An HTTP API that is reached by its own domain only: API Gateway's generated address would be a host we do not know. */
export function addApi(stack: Stack, id: string, domainName: DomainName, routes: Record<string, SstFunction>): Api {
  const api = new Api(stack, id, {
    routes: Object.fromEntries(Object.entries(routes).map(([route, fn]) => [route, { function: fn }])),
    customDomain: { cdk: { domainName } },
    cdk: { httpApi: { disableExecuteApiEndpoint: true } },
    accessLog: { retention: "three_months" },
  });
  NagSuppressions.addResourceSuppressions(
    api,
    [
      {
        id: "AwsSolutions-APIG4",
        reason:
          "Pages are public or checked by the function: a session belongs to the host's tenant, known only there.",
      },
    ],
    true,
  );
  return api;
}
