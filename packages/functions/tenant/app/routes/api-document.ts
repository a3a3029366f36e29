import { taxClasses } from "@pharmasight/core/tenant/items/new-item";
import * as z from "zod";
import { listQuery } from "./api.ts";
import { decimal, itemChangeBody, newItemBody } from "./api-input.ts";

const itemBody = z.object({
  id: z.uuid(),
  sku: z.string().meta({ example: "A00001" }),
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
  retailPrice: decimal.nullable().meta({ description: "One base unit, without tax, in the pharmacy's currency" }),
  costPrice: decimal.nullable().optional().meta({
    description: "What one base unit costs, without tax. Absent for whoever may not see costs, and for every key",
  }),
  taxClass: z.enum(taxClasses).nullable(),
  isControlled: z.boolean(),
  isPrescriptionOnly: z.boolean(),
  isColdChain: z.boolean(),
  archivedAt: z.iso.datetime().nullable().meta({ description: "Null: on the lists" }),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
/** An item as programs read it. */
export type ItemBody = z.infer<typeof itemBody>;

const itemPage = z.object({
  items: z.array(itemBody),
  total: z.number().int().meta({ description: "Items that match, on all pages" }),
  next: z.string().nullable().meta({ description: "Value of `after` for the next page" }),
  previous: z.string().nullable().meta({ description: "Value of `before` for the page before this one" }),
});

const problemBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  requestId: z.string(),
  fields: z.record(z.string(), z.string()).optional(),
});

const named = { Item: itemBody, ItemPage: itemPage, NewItem: newItemBody, ItemChange: itemChangeBody };
type Name = keyof typeof named | "Problem";

/** The API's description, OpenAPI 3.1: the same for everybody. */
export function apiDocument() {
  return {
    openapi: "3.1.0",
    info: { title: "PharmaSight", version: "1", description: "The API of one pharmacy, at its own address." },
    servers: [{ url: "/api/v1" }],
    components: {
      securitySchemes: {
        apiKey: {
          type: "http",
          scheme: "bearer",
          description: "An API key of this pharmacy, from its settings: `ps_…`",
        },
      },
      schemas: schemasOf({ ...named, Problem: problemBody }),
    },
    paths: {
      "/items": {
        get: {
          summary: "List or search items",
          security: [{ apiKey: ["items:read"] }],
          parameters: parametersOf(listQuery),
          responses: {
            200: body("ItemPage", "One page of items"),
            422: problem("A parameter is wrong"),
            ...refusals,
          },
        },
        post: {
          summary: "Add an item",
          security: [{ apiKey: ["items:write"] }],
          requestBody: { required: true, ...contentOf("NewItem") },
          responses: {
            201: body("Item", "The item that was added"),
            409: problem("Another item has this name or barcode"),
            422: problem("A field is wrong"),
            ...refusals,
          },
        },
      },
      "/items/{id}": {
        get: {
          summary: "One item",
          parameters: [itemId],
          security: [{ apiKey: ["items:read"] }],
          responses: { 200: body("Item", "The item"), 404: problem("No such item"), ...refusals },
        },
        patch: {
          summary: "Change some fields of an item",
          description:
            "A field that is left out stays as it is. Read the item, then send its updatedAt with the change.",
          parameters: [itemId],
          security: [{ apiKey: ["items:write"] }],
          requestBody: { required: true, ...contentOf("ItemChange") },
          responses: {
            200: body("Item", "The item as it is now"),
            404: problem("No such item"),
            409: problem(
              "The item was changed since updatedAt or is archived; or, by field, another item has the name or barcode",
            ),
            422: problem("A field is wrong, or stock is counted in the units that it would change"),
            ...refusals,
          },
        },
      },
    },
  };
}

const referenceTo = (name: string): string => `#/components/schemas/${name}`;

const contentOf = (name: Name, mediaType = "application/json") => ({
  content: { [mediaType]: { schema: { $ref: referenceTo(name) } } },
});
const body = (name: Name, description: string) => ({ description, ...contentOf(name) });
const problem = (description: string) => ({ description, ...contentOf("Problem", "application/problem+json") });

const refusals = {
  401: problem("Neither a valid API key nor a session"),
  403: problem("Not allowed, or not in the plan"),
};

const itemId = { name: "id", in: "path", required: true, schema: { type: "string" } };

/** JSON Schemas that refer to one another by name. OpenAPI 3.1 has said itself what they are and where. */
function schemasOf(all: Readonly<Record<Name, z.ZodType>>) {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(all)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: referenceTo, io: "input" });
  return Object.fromEntries(Object.entries(schemas).map(([name, { $schema, $id, ...schema }]) => [name, schema]));
}

function parametersOf(query: typeof listQuery) {
  return Object.entries(query.shape).map(([name, field]) => {
    const { $schema, description, ...schema } = z.toJSONSchema(field, { io: "input" });
    return { name, in: "query", required: false, ...(description === undefined ? {} : { description }), schema };
  });
}
