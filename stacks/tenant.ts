import { functions } from "@pharmasight/functions/manifest";
import { dependsOn, type StackContext, use } from "sst/constructs";
import { addApi } from "./apis.ts";
import { DomainStack } from "./domain.ts";
import { addFunction } from "./functions.ts";
import { MigrationsStack } from "./migrations.ts";
import { suppressSstHandler } from "./suppressions.ts";

/**
 * Every pharmacy's host: signing in is a function of its own, so that its weight is not in every cold start, and so is
 * paying, so that nothing else of a pharmacy reaches the control database and the payment provider.
 */
export function TenantStack({ app, stack }: StackContext) {
  dependsOn(MigrationsStack);
  const auth = addFunction(app, stack, functions.tenantAuth);
  const billing = addFunction(app, stack, functions.tenantBilling);
  const api = addApi(stack, "tenant", use(DomainStack).tenants, {
    "ANY /auth": auth,
    "ANY /auth/{proxy+}": auth,
    "ANY /billing": billing,
    "ANY /billing/{proxy+}": billing,
    $default: addFunction(app, stack, functions.tenantApp),
  });
  suppressSstHandler(stack);
  return { api };
}
