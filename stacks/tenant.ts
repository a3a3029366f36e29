import { functions } from "@pharmasight/functions/manifest";
import { dependsOn, type StackContext, use } from "sst/constructs";
import { addApi } from "./apis.ts";
import { DomainStack } from "./domain.ts";
import { addFunction } from "./functions.ts";
import { MigrationsStack } from "./migrations.ts";
import { suppressSstHandler } from "./suppressions.ts";

/** Every pharmacy's host: signing in is a function of its own, so that its weight is not in every cold start. */
export function TenantStack({ app, stack }: StackContext) {
  dependsOn(MigrationsStack);
  const auth = addFunction(app, stack, functions.tenantAuth);
  const api = addApi(stack, "tenant", use(DomainStack).tenants, {
    "ANY /auth": auth,
    "ANY /auth/{proxy+}": auth,
    $default: addFunction(app, stack, functions.tenantApp),
  });
  suppressSstHandler(stack);
  return { api };
}
