import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../harness/client.ts";
import { eventually, type Pharmacy, ROOT, signUp, testStack } from "../harness/stack.ts";
import { openRoutes, staysOpen } from "./open-routes.ts";

interface Route {
  readonly method: string;
  readonly path: string;
}

describe("every route of a pharmacy", () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let alfa: Pharmacy;
  let bravo: Pharmacy;
  let routes: Route[];
  let control: postgres.Sql;

  beforeAll(async () => {
    running = await testStack();
    const { cluster, controlDatabase } = running.stack;
    control = postgres({
      ...cluster.superuser,
      host: cluster.host,
      port: cluster.port,
      database: controlDatabase.owner.database,
      max: 1,
    });
    [alfa, bravo] = await Promise.all([signUp(running.stack, "alfa"), signUp(running.stack, "bravo")]);
    // Imported after the stack has set the environment that they read.
    const { app } = await import("@pharmasight/functions/tenant/app/pages.tsx");
    const { apiApp } = await import("@pharmasight/functions/tenant/app/api-app");
    const { app: auth } = await import("@pharmasight/functions/tenant/auth/app.tsx");
    const { app: billing } = await import("@pharmasight/functions/tenant/billing/app.tsx");
    const all = [...app.routes, ...apiApp.routes, ...auth.routes, ...billing.routes].filter(
      ({ method }) => method !== "ALL",
    );
    routes = [...new Map(all.map(({ method, path }) => [`${method} ${path}`, { method, path }])).values()];
  });
  afterAll(async () => {
    await control?.end();
    await running?.stop();
  });

  const ask = (client: Client, host: string, { method, path }: Route, headers: Record<string, string> = {}) => {
    const asked = path.replaceAll(/:\w+(\{[^}]*\})?/g, "019ab000-0000-7000-8000-00000000abcd");
    const accept = path.startsWith("/api/") ? "application/json" : "text/html";
    return client.ask(host, asked, {
      method,
      ...(method === "GET" ? {} : { form: {} }),
      headers: { accept, ...headers },
    });
  };
  const isClosed = ({ method, path }: Route) => !openRoutes.has(`${method} ${path}`);
  const toSignIn = ({ status, headers }: { status: number; headers: Record<string, unknown> }) =>
    status === 401 || (status === 303 && headers["location"] === "/auth/sign-in");

  test("is there to be tried", () => {
    expect(routes.length).toBeGreaterThan(20);
    for (const name of openRoutes.keys())
      if (!name.endsWith("/")) expect(routes.map(({ method, path }) => `${method} ${path}`)).toContain(name);
  });

  test("refuses whoever has not signed in, and whoever brings a forged session or key", async () => {
    const stranger = () => new Client(running.stack.port);
    const forged = [{}, { cookie: "session=forged.token" }, { cookie: "session=" }];
    for (const route of routes.filter(isClosed)) {
      for (const headers of forged) {
        const reply = await ask(stranger(), alfa.host, route, headers);
        expect({ ...route, headers, refused: toSignIn(reply) }).toEqual({ ...route, headers, refused: true });
      }
    }
    for (const route of routes.filter(({ path }) => path.startsWith("/api/v1/items"))) {
      const reply = await ask(stranger(), alfa.host, route, {
        authorization: `Bearer ps_${"0".repeat(8)}_${"A".repeat(43)}`,
      });
      expect({ ...route, status: reply.status }).toEqual({ ...route, status: 401 });
    }
  });

  test("refuses a session of another pharmacy, even where everybody may ask", async () => {
    const cookie = `session=${alfa.client.cookies(alfa.host).get("session")}`;
    for (const route of routes.filter(({ path }) => !path.startsWith("/assets"))) {
      const reply = await ask(new Client(running.stack.port), bravo.host, route, { cookie });
      expect({ ...route, status: reply.status }).toEqual({ ...route, status: 401 });
    }
  });

  test("changes nothing within ten seconds of a suspension, and shows what there is", async () => {
    await control`update control.tenants set state = 'suspended' where name = 'alfa pharmacy'`;
    const at = Date.now();
    await eventually(
      "the suspension",
      async () => ((await alfa.client.ask(alfa.host, "/items", { form: {} })).status === 402 ? true : undefined),
      10_000,
    );
    expect(Date.now() - at).toBeLessThan(10_000);
    const writes = routes.filter(isClosed).filter((route) => route.method !== "GET" && !staysOpen(route));
    expect(writes.length).toBeGreaterThan(20);
    for (const route of writes) {
      const reply = await ask(alfa.client, alfa.host, route);
      expect({ ...route, status: reply.status }).toEqual({ ...route, status: 402 });
    }
    const problem = await alfa.client.ask(alfa.host, "/api/v1/items", {
      form: {},
      headers: { accept: "application/json" },
    });
    expect(JSON.parse(problem.text)).toMatchObject({ status: 402, code: "payment_required" });
    for (const path of ["/", "/items", "/settings/company", "/settings/people", "/settings/audit", "/api/v1/items"]) {
      expect([path, (await alfa.client.ask(alfa.host, path)).status]).toEqual([path, 200]);
    }
    // Forms that lead to writing are no records.
    for (const path of ["/items/new", "/setup", "/settings/people/new", "/settings/branches/new"]) {
      expect([path, (await alfa.client.ask(alfa.host, path)).status]).toEqual([path, 402]);
    }
    const items = await alfa.client.ask(alfa.host, "/items");
    expect(items.text).toContain("nothing can be changed");
    expect(items.text).not.toContain('href="/items/new"');
    expect((await alfa.client.ask(alfa.host, "/auth/sign-in")).status).toBe(200);
    for (const path of ["/billing", "/billing/plans", "/billing/invoices"]) {
      expect([path, (await alfa.client.ask(alfa.host, path)).status]).toEqual([path, 200]);
    }
    await control`update control.tenants set state = 'trial' where name = 'alfa pharmacy'`;
    await eventually("service again", async () =>
      (await alfa.client.ask(alfa.host, "/items/new")).status === 200 ? true : undefined,
    );
  });

  test("looks the same where there is no pharmacy: unknown, reserved, closed", async () => {
    await control`update control.tenants set state = 'closed' where name = 'bravo pharmacy'`;
    await eventually("the closing", async () =>
      (await bravo.client.ask(bravo.host, "/")).status === 404 ? true : undefined,
    );
    const hosts = [bravo.host, `nobody.${ROOT}`, `admin.${ROOT}`, "pharmacy.example.com"];
    const pages = await Promise.all(hosts.map((host) => new Client(running.stack.port).ask(host, "/")));
    const plain = pages.map(({ status, text }) => `${status} ${text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…")}`);
    expect(new Set(plain).size).toBe(1);
  });

  test("ends with the session at once when its person signs out", async () => {
    const session = alfa.client.cookies(alfa.host).get("session") ?? "";
    expect((await alfa.client.ask(alfa.host, "/items")).status).toBe(200);
    const page = await alfa.client.ask(alfa.host, "/items");
    const formToken = /name="formToken" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
    await alfa.client.ask(alfa.host, "/auth/sign-out", { form: { formToken } });
    const reply = await new Client(running.stack.port).ask(alfa.host, "/api/v1/items", {
      headers: { cookie: `session=${session}` },
    });
    expect(reply.status).toBe(401);
  });
});
