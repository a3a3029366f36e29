import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent, startTestCluster, type TestCluster } from "./fixture.ts";

interface Tables {
  samples: {
    id: number;
    unitPrice: string | null;
    bigCount: string | null;
    expiresOn: string | null;
    soldAt: Date | null;
    labelParts: (string | null)[] | null;
    numbersSold: number[] | null;
    wholeDocument: unknown;
    fileContent: Uint8Array | null;
    isCold: boolean | null;
  };
}

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.admin`
    create table samples (id int primary key, unit_price numeric(20, 4), big_count bigint, expires_on date,
      sold_at timestamptz, label_parts text[], numbers_sold int[], whole_document jsonb, file_content bytea, is_cold boolean)`;
});
afterAll(() => cluster.stop());

test("values come back exactly as they were written", async () => {
  const { db, close } = openDatabase<Tables>({
    endpoint: { host: cluster.host, port: cluster.port, database: "postgres" },
    credential: async () => cluster.superuser,
    poolSize: 1,
    idleSeconds: 60,
    maxAgeSeconds: 300,
    connectTimeoutMs: 5000,
    queryTimeoutMs: 5000,
    transactionTimeoutMs: 5000,
    applicationName: "values-test",
    log: silent,
  });
  const full = {
    id: 1,
    unitPrice: "9007199254740993.1200",
    bigCount: "9007199254740993",
    expiresOn: "2027-02-28",
    soldAt: new Date("2026-11-24T08:00:00.123Z"),
    labelParts: ["Amoxicillin, 500 mg", 'so-called "generic"', null, "", "NULL", "back\\slash", "آموكسيسيلين"],
    numbersSold: [1, -2],
    // Its keys are data: they are not turned into camel case.
    wholeDocument: { snake_key: [{ other_key: null }], text: "'; drop table samples; --" },
    fileContent: Buffer.from([0, 1, 255]),
    isCold: false,
  };
  const empty = {
    id: 2,
    unitPrice: null,
    bigCount: null,
    expiresOn: null,
    soldAt: null,
    labelParts: null,
    numbersSold: null,
    wholeDocument: null,
    fileContent: null,
    isCold: null,
  };
  const lists = { ...empty, id: 3, labelParts: [], wholeDocument: [1, "two", { three: 3 }] };
  const written = await db.insertInto("samples").values([full, empty, lists]).executeTakeFirst();
  expect(written.numInsertedOrUpdatedRows).toBe(3n);
  expect(await db.selectFrom("samples").selectAll().orderBy("id").execute()).toEqual([full, empty, lists]);
  await close();
});
