import { TenantScope } from "@pharmasight/core/tenant/scope";
import type { EdgeContext, EdgeEnv } from "@pharmasight/functions/http/bindings";
import { lambdaHandler } from "@pharmasight/functions/http/lambda";
import { sameOrigin } from "@pharmasight/functions/http/same-origin";
import { setHostCookie } from "@pharmasight/functions/tenant/cookies";
import { pharmacyHost } from "@pharmasight/functions/tenant/door";
import { formToken, readMemberForm } from "@pharmasight/functions/tenant/forms";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { Hono } from "hono";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { ALFA, BRAVO, origin, RecordedTenancy } from "./recorded-tenancy.ts";

let world: RecordedTenancy;
vi.mock("@pharmasight/adapters/tenant-platform", () => ({
  tenantPlatform: async () => ({ tenancy: world.tenancy }),
}));
vi.mock("@pharmasight/adapters/config", async (original) => ({
  ...(await original<object>()),
  edgeConfig: () => ({ ROOT_URL: "https://pharmasight.example" }),
}));
beforeEach(() => {
  world = new RecordedTenancy();
});

const app = new Hono<EdgeEnv>();
app.onError((error, c) => c.text("code" in error ? String(error.code) : error.message, 400));
app.use(pharmacyHost, sameOrigin());
app.get("/who", (c) => c.json(c.env.target));
app.post("/form", (c) => c.text("taken"));
app.get("/cookie", (c) => {
  setHostCookie(c, "session", "token", new Date(Date.now() + 60_000));
  return c.text("set");
});
const handler = lambdaHandler(() => app);

async function ask(host: string, path: string, headers: Record<string, string> = {}, method = "GET") {
  const http = { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.7", userAgent: "test" };
  const event = {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: "",
    headers: { host, ...headers },
    body: method === "POST" ? "a=b" : undefined,
    isBase64Encoded: false,
    requestContext: { http, requestId: "test" },
  } as unknown as APIGatewayProxyEventV2;
  return handler(event, {} as Context);
}

describe("the pharmacy of a request", () => {
  test("is the one of its Host, whoever was asked for before and whatever other headers say", async () => {
    for (const label of ["alfa", "bravo", "alfa"]) {
      const other = label === "alfa" ? "bravo" : "alfa";
      const forwarded = { "x-forwarded-host": `${other}.pharmasight.example`, forwarded: `host=${other}` };
      const reply = await ask(`${label}.pharmasight.example`, "/who", forwarded);
      expect(reply.body).toBe(JSON.stringify({ kind: "subdomain", key: label }));
    }
  });

  test.each(["x-tenant-id", "x-tenant", "x-tenant-subdomain"])("is not another that %s names", async (name) => {
    expect((await ask("alfa.pharmasight.example", "/who", { [name]: "alfa" })).statusCode).toBe(200);
    expect((await ask("alfa.pharmasight.example", "/who", { [name]: "bravo" })).body).toBe("wrong_pharmacy");
  });

  test("is not another that the session names", async () => {
    const cookie = `__Host-session=${world.token(BRAVO)}`;
    expect((await ask("alfa.pharmasight.example", "/who", { cookie })).body).toBe("wrong_pharmacy");
  });

  test("is reached by an old name until its time is over, and then by nobody", async () => {
    const hostUntil = new Date(world.now.getTime() + 1000);
    world.change("bravo", { hostKind: "redirect", hostUntil, primaryHost: "newname" });
    const reply = await ask("bravo.pharmasight.example", "/who");
    expect([reply.statusCode, reply.headers?.location]).toEqual([308, "https://newname.pharmasight.example/who"]);
    world.now = hostUntil;
    expect((await ask("bravo.pharmasight.example", "/who")).body).toBe("not_found");
  });
});

test("a form is taken from the pharmacy's own pages only, and not from another pharmacy's", async () => {
  const post = (from: string, site: string) =>
    ask(
      "alfa.pharmasight.example",
      "/form",
      { origin: from, "sec-fetch-site": site, "content-type": "application/x-www-form-urlencoded" },
      "POST",
    );
  expect((await post("https://alfa.pharmasight.example", "same-origin")).body).toBe("taken");
  expect((await post("https://bravo.pharmasight.example", "same-site")).body).not.toBe("taken");
  expect((await post("https://evil.example", "cross-site")).body).not.toBe("taken");
});

test("a cookie goes to the host that set it and to no other", async () => {
  const { headers, cookies } = await ask("alfa.pharmasight.example", "/cookie");
  const cookie = String(cookies?.[0] ?? headers?.["set-cookie"]);
  expect(cookie).toMatch(/^__Host-session=token;/);
  expect(cookie).not.toMatch(/domain/i);
});

test("a form's token is of its session and its pharmacy, and another one is refused", async () => {
  world.answer = ({ text }) => (text.includes('"sessions"') ? [world.sessionRow()] : []);
  const enter = (host: string, tenantId: string) =>
    TenantScope.forMember(world.tenancy, host, world.token(tenantId), origin, "work");
  const [alfa, bravo] = [await enter("alfa", ALFA), await enter("bravo", BRAVO)];
  const other = Object.create(alfa, { actor: { value: { ...alfa.actor, sessionId: "another" } } });
  const post = (token: string) =>
    readMemberForm({ req: { parseBody: async () => ({ formToken: token }) } } as unknown as EdgeContext, alfa);
  await post(await formToken(alfa));
  vi.spyOn(other, "key").mockImplementation((purpose) => alfa.key(String(purpose)));
  for (const token of ["", await formToken(bravo), await formToken(other)])
    await expect(post(token)).rejects.toMatchObject({ code: "forbidden" });
});
