import { handler as lambda } from "@pharmasight/functions/tenant/workers/relay-outbox";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { beforeEach, expect, test, vi } from "vitest";
import { ALFA, BRAVO, RecordedTenancy } from "./recorded-tenancy.ts";

let world: RecordedTenancy;
vi.mock("@pharmasight/adapters/tenant-platform", () => ({
  tenantPlatform: async () => ({ tenancy: world.tenancy }),
}));
beforeEach(() => {
  world = new RecordedTenancy();
});

const handler = (event: SQSEvent) => lambda(event, { getRemainingTimeInMillis: () => 30_000 });
const eventOf = (...messages: readonly Readonly<Record<string, string>>[]): SQSEvent => ({
  Records: messages.map((message, index) => ({ messageId: `${index}`, body: JSON.stringify(message) }) as SQSRecord),
});

test("a batch that interleaves pharmacies asks each one's own database, failures in between", async () => {
  const unknown = "019ab000-0000-7000-8000-0000000000ff";
  const order = [ALFA, BRAVO, unknown, BRAVO, ALFA];
  const { batchItemFailures } = await handler(eventOf(...order.map((tenantId) => ({ tenantId }))));
  expect(batchItemFailures).toEqual([{ itemIdentifier: "2" }]);
  expect(world.statements.map(({ tenantId }) => tenantId)).toEqual([ALFA, BRAVO, BRAVO, ALFA]);
});

test("a message without a pharmacy fails, and reaches no database", async () => {
  await handler(eventOf({ tenantId: ALFA }));
  world.statements.length = 0;
  const { batchItemFailures } = await handler(eventOf({}, { tenantId: "" }, { tenant: ALFA }));
  expect(batchItemFailures).toHaveLength(3);
  expect(world.statements).toEqual([]);
});
