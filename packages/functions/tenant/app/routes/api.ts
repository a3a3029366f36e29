import { invalidInput } from "@pharmasight/core/kernel/errors";
import { type Item, Items } from "@pharmasight/core/tenant/items/items";
import { Hono } from "hono";
import { validator } from "hono/validator";
import * as z from "zod";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { caller } from "../../door.ts";
import type { ItemBody } from "./api-document.ts";

/** The pharmacy's programs' way in. `api-document.ts` describes it. */
export const api = new Hono<EdgeEnv>();

/** Exported for the description. */
export const listQuery = z.object({
  search: z.string().max(100).optional(),
  filter: z.enum(Items.itemFilters).optional().meta({ description: "Default all: every item that is not archived" }),
  after: z.string().max(1000).optional(),
  before: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
});

const listed = validator("query", (given) => checked(listQuery, given));
const newItem = validator("json", async (given) => checked((await import("./api-input.ts")).newItemBody, given));
const itemChange = validator("json", async (given) => checked((await import("./api-input.ts")).itemChangeBody, given));

api.get("/items", listed, async (c) => {
  const page = await Items.list(await caller(c), c.req.valid("query"));
  const { total, next = null, previous = null } = page;
  return c.json({ items: page.items.map(itemJson), total, next, previous });
});

api.post("/items", newItem, async (c) => {
  const item = await Items.create(await caller(c), c.req.valid("json"));
  return c.json(itemJson(item), 201, { location: `/api/v1/items/${item.id}` });
});

api.get("/items/:id", async (c) => c.json(itemJson(await Items.get(await caller(c), c.req.param("id")))));

api.patch("/items/:id", itemChange, async (c) => {
  const { updatedAt, ...fields } = c.req.valid("json");
  const item = await Items.update(await caller(c), c.req.param("id"), fields, new Date(updatedAt));
  return c.json(itemJson(item));
});

api.get("/openapi.json", async (c) => {
  // Making it takes as long as the rest of the API takes to load.
  const { apiDocument } = await import("./api-document.ts");
  return c.json(apiDocument());
});

/** @throws DomainError `invalid_input` by field */
function checked<T extends z.ZodType>(schema: T, given: unknown): z.infer<T> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const fields: Record<string, string> = {};
  for (const issue of result.error.issues) fields[issue.path.join(".") || "body"] ??= issue.message;
  throw invalidInput("Some of the values need a change.", fields);
}

const itemJson = (item: Item): ItemBody => ({
  ...item,
  archivedAt: item.archivedAt?.toISOString() ?? null,
  createdAt: item.createdAt.toISOString(),
  updatedAt: item.updatedAt.toISOString(),
});
