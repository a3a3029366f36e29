import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { invalidInput } from "@pharmasight/core/kernel/errors";
import { type Item, Items } from "@pharmasight/core/tenant/items/items";
import { taxClasses } from "@pharmasight/core/tenant/items/new-item";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { caller } from "../../door.ts";

const decimal = z.string().openapi({ description: "Decimal text with at most 4 decimals", example: "12.50" });

const newItemFields = {
  name: z.string().openapi({ example: "Paracetamol 500 mg tablets" }),
  genericName: z.string().nullable().optional(),
  brandNames: z.string().nullable().optional(),
  strength: z.string().nullable().optional(),
  form: z.string().nullable().optional(),
  barcode: z.string().nullable().optional(),
  baseUnit: z.string().openapi({ description: "What stock is counted in", example: "tablet" }),
  wholesaleUnit: z.string().nullable().optional(),
  basePerWholesale: decimal.nullable().optional(),
  supplierUnit: z.string().nullable().optional(),
  wholesalePerSupplier: decimal.nullable().optional(),
  retailPrice: decimal.nullable().optional(),
  costPrice: decimal
    .nullable()
    .optional()
    .openapi({ description: "Only for people who may see costs, never for keys" }),
  taxClass: z.enum(taxClasses).nullable().optional(),
  isControlled: z.boolean().optional(),
  isPrescriptionOnly: z.boolean().optional(),
  isColdChain: z.boolean().optional(),
};
const newItemBody = z.strictObject(newItemFields).openapi("NewItem");

const itemChangeBody = z
  .strictObject({
    ...newItemFields,
    name: newItemFields.name.optional(),
    baseUnit: newItemFields.baseUnit.optional(),
    updatedAt: z.iso
      .datetime()
      .openapi({ description: "The item's updatedAt as you read it: 409 when somebody changed the item since" }),
  })
  .openapi("ItemChange");

const itemBody = z
  .object({
    id: z.uuid(),
    sku: z.string().openapi({ example: "A00001" }),
    name: z.string(),
    genericName: z.string().nullable(),
    brandNames: z.string().nullable(),
    strength: z.string().nullable(),
    form: z.string().nullable(),
    barcode: z.string().nullable(),
    baseUnit: z.string(),
    wholesaleUnit: z.string().nullable(),
    supplierUnit: z.string().nullable(),
    basePerWholesale: decimal.nullable(),
    wholesalePerSupplier: decimal.nullable(),
    retailPrice: decimal.nullable().openapi({ description: "One base unit, without tax, in the pharmacy's currency" }),
    costPrice: decimal.nullable().optional().openapi({
      description: "What one base unit costs, without tax. Absent for whoever may not see costs, and for every key",
    }),
    taxClass: z.enum(taxClasses).nullable(),
    isControlled: z.boolean(),
    isPrescriptionOnly: z.boolean(),
    isColdChain: z.boolean(),
    archivedAt: z.iso.datetime().nullable().openapi({ description: "Null: on the lists" }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi("Item");

const pageBody = z
  .object({
    items: z.array(itemBody),
    total: z.number().int().openapi({ description: "Items that match, on all pages" }),
    next: z.string().nullable().openapi({ description: "Value of `after` for the next page" }),
    previous: z.string().nullable().openapi({ description: "Value of `before` for the page before this one" }),
  })
  .openapi("ItemPage");

const problemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    requestId: z.string(),
    fields: z.record(z.string(), z.string()).optional(),
  })
  .openapi("Problem");

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { "application/json": { schema } },
});
const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemBody } },
});
const refusals = {
  401: problem("Neither a valid API key nor a session"),
  403: problem("Not allowed, or not in the plan"),
};

const listItems = createRoute({
  method: "get",
  path: "/items",
  summary: "List or search items",
  security: [{ apiKey: ["items:read"] }],
  request: {
    query: z.object({
      search: z.string().max(100).optional(),
      filter: z
        .enum(Items.itemFilters)
        .optional()
        .openapi({ description: "Default all: every item that is not archived" }),
      after: z.string().max(1000).optional(),
      before: z.string().max(1000).optional(),
      limit: z.coerce.number().int().min(1).max(200).optional(),
    }),
  },
  responses: { 200: json(pageBody, "One page of items"), 422: problem("A parameter is wrong"), ...refusals },
});

const getItem = createRoute({
  method: "get",
  path: "/items/{id}",
  summary: "One item",
  security: [{ apiKey: ["items:read"] }],
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json(itemBody, "The item"), 404: problem("No such item"), ...refusals },
});

const createItem = createRoute({
  method: "post",
  path: "/items",
  summary: "Add an item",
  security: [{ apiKey: ["items:write"] }],
  request: { body: { required: true, content: { "application/json": { schema: newItemBody } } } },
  responses: {
    201: json(itemBody, "The item that was added"),
    409: problem("Another item has this name or barcode"),
    422: problem("A field is wrong"),
    ...refusals,
  },
});

const changeItem = createRoute({
  method: "patch",
  path: "/items/{id}",
  summary: "Change some fields of an item",
  description: "A field that is left out stays as it is. Read the item, then send its updatedAt with the change.",
  security: [{ apiKey: ["items:write"] }],
  request: {
    params: z.object({ id: z.string() }),
    body: { required: true, content: { "application/json": { schema: itemChangeBody } } },
  },
  responses: {
    200: json(itemBody, "The item as it is now"),
    404: problem("No such item"),
    409: problem(
      "The item was changed since updatedAt or is archived; or, by field, another item has the name or barcode",
    ),
    422: problem("A field is wrong, or stock is counted in the units that it would change"),
    ...refusals,
  },
});

/** The pharmacy's programs' way in. */
export const api = new OpenAPIHono<EdgeEnv>({
  defaultHook: (result) => {
    if (result.success) return;
    const fields: Record<string, string> = {};
    for (const issue of result.error.issues) fields[issue.path.join(".") || "body"] ??= issue.message;
    throw invalidInput("Some of the values need a change.", fields);
  },
});

api.openapi(listItems, async (c) => {
  const page = await Items.list(await caller(c), c.req.valid("query"));
  const { total, next = null, previous = null } = page;
  return c.json({ items: page.items.map(itemJson), total, next, previous }, 200);
});

api.openapi(createItem, async (c) => {
  const item = await Items.create(await caller(c), c.req.valid("json"));
  return c.json(itemJson(item), 201, { location: `/api/v1/items/${item.id}` });
});

api.openapi(getItem, async (c) => c.json(itemJson(await Items.get(await caller(c), c.req.valid("param").id)), 200));

api.openapi(changeItem, async (c) => {
  const { updatedAt, ...fields } = c.req.valid("json");
  const item = await Items.update(await caller(c), c.req.valid("param").id, fields, new Date(updatedAt));
  return c.json(itemJson(item), 200);
});

api.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
  type: "http",
  scheme: "bearer",
  description: "An API key of this pharmacy, from its settings: `ps_…`",
});

api.doc31("/openapi.json", {
  openapi: "3.1.0",
  info: { title: "PharmaSight", version: "1", description: "The API of one pharmacy, at its own address." },
  servers: [{ url: "/api/v1" }],
});

const itemJson = (item: Item) => ({
  ...item,
  archivedAt: item.archivedAt?.toISOString() ?? null,
  createdAt: item.createdAt.toISOString(),
  updatedAt: item.updatedAt.toISOString(),
});
