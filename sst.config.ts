import type { SSTConfig } from "sst";
import { ControlStack } from "./stacks/control.ts";
import { DomainStack } from "./stacks/domain.ts";
import { MigrationsStack } from "./stacks/migrations.ts";
import { ObservabilityStack } from "./stacks/observability.ts";
import { QueuesStack } from "./stacks/queues.ts";
import { SecretsStack } from "./stacks/secrets.ts";
import { TenantStack } from "./stacks/tenant.ts";
import { WorkersStack } from "./stacks/workers.ts";

/** The order is the order of dependence: a stack uses only those before it. */
export default {
  config() {
    return { name: "pharmasight", region: process.env.AWS_REGION ?? "us-east-1" };
  },
  stacks(app) {
    app
      .stack(SecretsStack)
      .stack(DomainStack)
      .stack(QueuesStack)
      .stack(MigrationsStack)
      .stack(ControlStack)
      .stack(TenantStack)
      .stack(WorkersStack)
      .stack(ObservabilityStack);
  },
} satisfies SSTConfig;
