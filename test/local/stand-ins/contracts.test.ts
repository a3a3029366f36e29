import { stripePayments } from "@pharmasight/adapters/stripe/payments";
import { supabaseDatabaseHosts } from "@pharmasight/adapters/supabase/database-hosts";
import { startStripe } from "@pharmasight/local/stand-ins/stripe/stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contractsArePresent, type Exchange, openContract, type Recorder, record } from "./contracts.ts";
import {
  manualClock,
  newProject,
  type Scratch,
  type SupabaseWorld,
  scratchFolder,
  startSupabaseWorld,
} from "./world.ts";

/** Every exchange has to be as described; what is not is listed with the call that it belongs to. */
function violations(file: string, exchanges: readonly Exchange[]): string[] {
  const contract = openContract(file);
  return exchanges.flatMap((exchange) =>
    contract.violations(exchange).map((violation) => `${exchange.method} ${exchange.path}: ${violation}`),
  );
}

const called = (exchanges: readonly Exchange[]) =>
  new Set(
    exchanges.map(
      ({ method, path, status }) =>
        `${method} ${path.replace(/[a-z]{20}/, "{ref}").replace(/cus_\w+/, "{id}")} ${status}`,
    ),
  );

describe.skipIf(!contractsArePresent)("Supabase (needs ../shared/contracts/supabase-management.openapi.json)", () => {
  const file = "supabase-management.openapi.json";
  const clock = manualClock();
  let world: SupabaseWorld;
  let recorder: Recorder;

  beforeAll(async () => {
    world = await startSupabaseWorld({ waitSeconds: 100, clock });
    recorder = await record(world.supabase.url);
  });
  afterAll(async () => {
    await recorder.stop();
    await world.stop();
  });

  test("every call of the adapter and every reply of the stand-in is as Supabase describes it, at every stage", async () => {
    const { supabase } = world;
    const hosts = supabaseDatabaseHosts({
      apiUrl: recorder.url,
      token: async () => supabase.token,
      organization: supabase.organization,
      sessionPort: supabase.sessionPort,
    });
    const { ref } = await hosts.create({ name: "ps-a", ownerPassword: "p", region: supabase.region, size: "micro" });
    await expect.poll(() => supabase.projects()[0]?.built, { timeout: 20_000 }).toBe(true);
    for (const seconds of [0, 50, 55, 50]) {
      clock.advance(seconds);
      await hosts.inspect(ref);
      await hosts.find("ps-a");
      await hosts.list("ps-");
    }
    expect(await hosts.inspect(ref)).toMatchObject({ status: "ready" });
    await hosts.endpoints(ref);
    supabase.stopDatabase(ref);
    await hosts.inspect(ref);
    supabase.foretell("init-failed");
    const failed = await hosts.create({ name: "ps-b", ownerPassword: "p", region: supabase.region, size: "micro" });
    clock.advance(100);
    expect(await hosts.inspect(failed.ref)).toMatchObject({ status: "failed" });
    supabase.slowRemoval(60);
    await hosts.delete(ref);
    await hosts.list("ps-");
    expect(called(recorder.exchanges)).toEqual(
      new Set([
        "POST /v1/projects 201",
        "GET /v1/projects/{ref} 200",
        "GET /v1/projects/{ref}/health 200",
        "GET /v1/organizations/pharmasight-local/projects 200",
        "GET /v1/projects/{ref}/config/database/pooler 200",
        "DELETE /v1/projects/{ref} 200",
      ]),
    );
    expect(violations(file, recorder.exchanges)).toEqual([]);
  });

  test("the check itself notices a wrong request and a wrong reply", () => {
    const good = newProject(world.supabase, "ps-a", "p");
    const exchange = {
      method: "POST",
      path: "/v1/projects",
      query: new URLSearchParams({ dry_run: "1" }),
      body: JSON.stringify({ ...good, color: "blue" }),
      status: 201,
      reply: { ref: "short" },
    };
    const found = violations(file, [exchange]).join("\n");
    for (const word of ["dry_run", "color", "created_at", "20 characters"]) expect(found).toContain(word);
  });
});

describe.skipIf(!contractsArePresent)("Stripe (needs ../shared/contracts/stripe.trimmed.openapi.json)", () => {
  const file = "stripe.trimmed.openapi.json";
  let scratch: Scratch;

  beforeAll(async () => {
    scratch = await scratchFolder();
  });
  afterAll(() => scratch.remove());

  test("every call of the adapter and every reply of the stand-in is as Stripe describes it", async () => {
    const clock = manualClock();
    const server = await startStripe({ file: scratch.path("stripe.json"), port: 0, clock });
    const recorder = await record(server.url);
    const payments = stripePayments({ apiKey: async () => server.apiKey, apiUrl: recorder.url });
    const customer = { tenantId: "0193-a", companyName: "Duka la Dawa", ownerEmail: "owner@example.com" };
    await payments.ensureCustomer(customer);
    await payments.ensureCustomer(customer);
    await payments.deleteCustomer(customer);
    const refused = { ...customer, tenantId: "0193-b", ownerEmail: "nobody" };
    await expect(payments.ensureCustomer(refused)).rejects.toMatchObject({ code: "invalid_input" });
    expect(called(recorder.exchanges)).toEqual(
      new Set([
        "GET /v1/customers/search 200",
        "GET /v1/customers/{id} 200",
        "POST /v1/customers 200",
        "DELETE /v1/customers/{id} 200",
        "POST /v1/customers 400",
      ]),
    );
    expect(violations(file, recorder.exchanges)).toEqual([]);
    await recorder.stop();
    await server.stop();
  });
});
