import { DomainError } from "@pharmasight/core/kernel/errors";
import { Items } from "@pharmasight/core/tenant/items/items";
import { ItemPage } from "@pharmasight/views/tenant/item.tsx";
import { emptyItemForm, ItemFormPage, type ItemFormValues } from "@pharmasight/views/tenant/item-form.tsx";
import { ItemList, ItemsPage } from "@pharmasight/views/tenant/items.tsx";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { itemDetails, itemRow } from "../presentation.ts";
import { shellFor } from "../shell.ts";

export const items = new Hono<EdgeEnv>();

items.get("/", async (c) => {
  const tenant = await member(c);
  const search = (c.req.query("q") ?? "").trim().slice(0, 100);
  const page = await Items.list(tenant, { search, after: c.req.query("after") });
  const list = {
    search,
    items: page.items.map((item) => itemRow(item, tenant.tenant.currency)),
    total: page.total,
    ...(page.next === undefined ? {} : { next: `/items?${new URLSearchParams({ search, after: page.next })}` }),
  };
  c.header("vary", "HX-Request");
  if (c.req.header("hx-request") !== undefined) return c.html(<ItemList {...list} />);
  return c.html(<ItemsPage shell={await shellFor(c, tenant)} {...list} />);
});

items.get("/new", async (c) => {
  const tenant = await member(c);
  Items.requireEditor(tenant.actor);
  const shell = await shellFor(c, tenant);
  return c.html(<ItemFormPage shell={shell} values={emptyItemForm} errors={{}} currency={tenant.tenant.currency} />);
});

items.post("/", async (c) => {
  const tenant = await member(c);
  const values = itemFormValues(await readMemberForm(c, tenant));
  try {
    const item = await Items.create(tenant, values);
    return c.redirect(`/items/${item.id}?added=1`, 303);
  } catch (error) {
    if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
    const shell = await shellFor(c, tenant);
    const { currency } = tenant.tenant;
    return c.html(<ItemFormPage shell={shell} values={values} errors={error.fields} currency={currency} />, 422);
  }
});

items.get("/:id", async (c) => {
  const tenant = await member(c);
  const item = await Items.get(tenant, c.req.param("id"));
  const shell = await shellFor(c, tenant);
  const added = c.req.query("added") === "1";
  return c.html(<ItemPage shell={shell} item={itemDetails(item, tenant.tenant.currency)} added={added} />);
});

/** Every field as it was typed, shortened to what any field may hold. */
function itemFormValues(form: PostedForm): ItemFormValues {
  const value = (name: keyof ItemFormValues) => form.text(name).slice(0, 1000);
  return {
    name: value("name"),
    genericName: value("genericName"),
    brandNames: value("brandNames"),
    strength: value("strength"),
    form: value("form"),
    barcode: value("barcode"),
    baseUnit: value("baseUnit"),
    wholesaleUnit: value("wholesaleUnit"),
    basePerWholesale: value("basePerWholesale"),
    supplierUnit: value("supplierUnit"),
    wholesalePerSupplier: value("wholesalePerSupplier"),
    retailPrice: value("retailPrice"),
    taxClass: value("taxClass"),
  };
}
