import { functions } from "@pharmasight/functions/manifest";
import { ApiMapping } from "aws-cdk-lib/aws-apigatewayv2";
import { dependsOn, type StackContext, use } from "sst/constructs";
import { addApi } from "./apis.ts";
import { DomainStack } from "./domain.ts";
import { addFunction } from "./functions.ts";
import { MigrationsStack } from "./migrations.ts";
import { suppressSstHandler } from "./suppressions.ts";

/** The site: plans and sign-up, on the root domain and `www`; and the door for the payment provider's notices. */
export function ControlStack({ app, stack }: StackContext) {
  dependsOn(MigrationsStack);
  const domain = use(DomainStack);
  const api = addApi(stack, "site", domain.site, { $default: addFunction(app, stack, functions.controlSite) });
  new ApiMapping(stack, "Www", { api: api.cdk.httpApi, domainName: domain.www });
  const hooks = addApi(stack, "hooks", domain.hooks, { "POST /stripe": addFunction(app, stack, functions.hooks) });
  suppressSstHandler(stack);
  return { api, hooks };
}
