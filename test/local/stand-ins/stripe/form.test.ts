import { decodeForm } from "@pharmasight/local/stand-ins/stripe/form";
import fc from "fast-check";
import Stripe from "stripe";
import { expect, test } from "vitest";

/** What the official SDK puts into the body of a request. */
async function encoded(params: object): Promise<string> {
  let sent = "";
  const stripe = new Stripe("sk_test_x", {
    httpClient: Stripe.createFetchHttpClient(async (_url, init) => {
      sent = String(init?.body);
      return new Response("{}");
    }),
  });
  await stripe.rawRequest("POST", "/v1/anything", params as Record<string, unknown>);
  return sent;
}

/** The values as text, which is all that a form has. */
const asText = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(asText)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asText(inner)]))
      : String(value);

const leaf = fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean());
const name = fc.stringMatching(/^[a-z_]{1,8}$/);
const { params } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, leaf, tie("list"), tie("params")),
  list: fc.array(fc.oneof(leaf, tie("params")), { minLength: 1, maxLength: 12 }),
  params: fc.dictionary(name, tie("value"), { minKeys: 1, maxKeys: 4 }),
}));

test("whatever the SDK encodes is read as it was", async () => {
  await fc.assert(
    fc.asyncProperty(params, async (value) => {
      expect(decodeForm(new URLSearchParams(await encoded(value as object)))).toEqual(asText(value));
    }),
  );
});

test("hostile names make no objects of their own kind", () => {
  const form = decodeForm(new URLSearchParams("__proto__[polluted]=1&a[constructor][prototype][x]=1&b[=1&c]=1&[]=1"));
  expect(Object.keys(form)).toContain("__proto__");
  expect({}).not.toHaveProperty("polluted");
});

test("lists with and without numbers are lists", () => {
  const form = decodeForm(new URLSearchParams("expand[]=a&expand[]=b&items[0][price]=p&items[1][price]=q"));
  expect(form).toEqual({ expand: ["a", "b"], items: [{ price: "p" }, { price: "q" }] });
});
