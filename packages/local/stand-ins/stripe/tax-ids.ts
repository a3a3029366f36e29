import * as z from "zod";
import { deletion, invalid, listOf, listParameters, missing } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

const created = z.strictObject({
  type: z.string().regex(/^[a-z]{2}_[a-z_]+$/, "Invalid type"),
  value: z.string().min(1).max(100),
});

/** The types whose form is checked; of the rest every value is taken. */
const forms: Readonly<Record<string, RegExp>> = { ke_pin: /^[A-Z]\d{9}[A-Z]$/ };

export const taxIdRoutes = [
  route("POST", "/v1/customers/:id/tax_ids", created, ({ world, id, params }) => createTaxId(world, id, params)),
  route("GET", "/v1/customers/:id/tax_ids", z.strictObject(listParameters), ({ world, id, params }) => {
    world.get("customers", id);
    return listOf(`/v1/customers/${id}/tax_ids`, taxIdsOf(world, id), params);
  }),
  route("DELETE", "/v1/customers/:id/tax_ids/:id", z.strictObject({}), ({ world, ids: [customer, id = ""] }) => {
    const taxId = world.get("taxIds", id);
    if (taxId.customer !== customer) throw missing("tax_id", id, "id");
    world.remove("taxIds", id);
    world.emit("customer.tax_id.deleted", taxId);
    return deletion("tax_id", id);
  }),
];

/** Newest first. */
export const taxIdsOf = (world: World, customerId: string): Stored["taxIds"][] =>
  world.all("taxIds").filter(({ customer }) => customer === customerId);

/** @throws Refusal `tax_id_invalid` for a value that cannot be one of its type */
export function createTaxId(
  world: World,
  customerId: string,
  { type, value }: { readonly type: string; readonly value: string },
): Stored["taxIds"] {
  world.get("customers", customerId);
  if (forms[type]?.test(value) === false) {
    throw invalid(`Invalid value for ${type}.`, { code: "tax_id_invalid", param: "value" });
  }
  const taxId = world.put("taxIds", {
    id: world.id("txi"),
    object: "tax_id",
    country: type.slice(0, 2).toUpperCase(),
    created: world.now(),
    customer: customerId,
    customer_account: null,
    livemode: false,
    owner: { customer: customerId, customer_account: null, type: "customer" },
    type,
    value,
    verification: { status: "unavailable", verified_address: null, verified_name: null },
  });
  world.emit("customer.tax_id.created", taxId);
  return taxId;
}
