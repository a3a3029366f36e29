import { DomainError, invalidInput } from "@pharmasight/core/kernel/errors";
import type { Member } from "@pharmasight/core/tenant/actors";
import { type ItemFilter, Items } from "@pharmasight/core/tenant/items/items";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { Stock } from "@pharmasight/core/tenant/stock/stock";
import { countOf } from "@pharmasight/views/shared/formats";
import { ItemPage } from "@pharmasight/views/tenant/item.tsx";
import {
  emptyItemForm,
  type ItemEdit,
  ItemFormPage,
  type ItemFormValues,
} from "@pharmasight/views/tenant/item-form.tsx";
import { ItemList, type ItemListProps, ItemsPage, itemsPath } from "@pharmasight/views/tenant/items.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { formToken, readMemberForm } from "../../forms.ts";
import { itemFormValues, itemInput, mergeForms, readSeen, type SeenItem, valuesOf, writeSeen } from "../item-form.ts";
import { itemDetails, itemRow, itemStock } from "../presentation.ts";
import { shellFor } from "../shell.ts";

export const items = new Hono<EdgeEnv>();

items.get("/", async (c) => {
  const tenant = await member(c);
  const filter = filterOf(c.req.query("filter"));
  const list = await listProps(tenant, {
    search: (c.req.query("q") ?? "").trim().slice(0, 100),
    filter,
    after: c.req.query("after"),
    before: c.req.query("before"),
  });
  c.header("vary", "HX-Request");
  if (c.req.header("hx-request") !== undefined) return c.html(<ItemList {...list} />);
  const set = /^\d{1,3}$/.exec(c.req.query("set") ?? "")?.[0];
  return c.html(<ItemsPage shell={await shellFor(c, tenant)} {...list} {...(set ? { done: classesSet(set) } : {})} />);
});

items.get("/new", async (c) => {
  const tenant = await member(c, "work");
  Items.requireEditor(tenant.actor);
  return c.html(await formPage(c, tenant, emptyItemForm, {}));
});

items.post("/", async (c) => {
  const tenant = await member(c);
  const values = itemFormValues(await readMemberForm(c, tenant));
  try {
    const item = await Items.create(tenant, itemInput(values, Items.maySeeCosts(tenant.actor)));
    return c.redirect(`/items/${item.id}?added=1`, 303);
  } catch (error) {
    if (!hasFields(error)) throw error;
    const status = error.code === "limit_reached" ? 409 : 422;
    return c.html(await formPage(c, tenant, values, error.fields), status);
  }
});

items.post("/tax-class", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const listed = form.text("listed").slice(0, 10_000).split(",");
  const ids = form.text("all") === "on" ? listed : listed.filter((id) => form.text(`item-${id}`) === "on");
  const taxClass = form.text("taxClass");
  try {
    const set = await Items.setTaxClass(tenant, { ids, taxClass });
    return c.redirect(`/items?filter=no_tax_class&set=${set}`, 303);
  } catch (error) {
    if (!hasFields(error)) throw error;
    const list = await listProps(tenant, { search: "", filter: "no_tax_class" });
    const { taxClassForm } = list;
    const again =
      taxClassForm === undefined
        ? {}
        : { taxClassForm: { ...taxClassForm, taxClass, ticked: ids, errors: error.fields } };
    return c.html(<ItemsPage shell={await shellFor(c, tenant)} {...list} {...again} />, 422);
  }
});

items.get("/:id", async (c) => {
  const tenant = await member(c);
  return c.html(await itemPage(c, tenant, c.req.param("id"), {}));
});

items.get("/:id/edit", async (c) => {
  const tenant = await member(c, "work");
  Items.requireEditor(tenant.actor);
  const item = await Items.get(tenant, c.req.param("id"));
  if (item.archivedAt !== null) return c.redirect(`/items/${item.id}`, 303);
  const hasFixedUnits = await Items.hasFixedUnits(tenant, item.id);
  return c.html(await formPage(c, tenant, valuesOf(item), {}, { id: item.id, seen: writeSeen(item), hasFixedUnits }));
});

items.post("/:id/edit", async (c) => {
  const tenant = await member(c);
  const id = c.req.param("id");
  const form = await readMemberForm(c, tenant);
  const values = itemFormValues(form);
  const seen = readSeen(form.text("seen"));
  if (seen === undefined) throw invalidInput("This form is damaged. Open the item again and change it from there.");
  try {
    const { updatedAt } = seen;
    await Items.update(tenant, id, itemInput(values, Items.maySeeCosts(tenant.actor)), updatedAt);
    return c.redirect(`/items/${id}?changed=1`, 303);
  } catch (error) {
    if (hasFields(error)) {
      const edit = { id, seen: form.text("seen"), hasFixedUnits: await Items.hasFixedUnits(tenant, id) };
      return c.html(await formPage(c, tenant, values, error.fields, edit), 422);
    }
    if (!(error instanceof DomainError) || error.code !== "conflict") throw error;
    return c.html(await conflictPage(c, tenant, id, seen, values), 409);
  }
});

items.post("/:id/archive", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  await Items.archive(tenant, c.req.param("id"));
  return c.redirect(`/items/${c.req.param("id")}`, 303);
});

items.post("/:id/restore", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  const id = c.req.param("id");
  try {
    await Items.restore(tenant, id);
    return c.redirect(`/items/${id}?restored=1`, 303);
  } catch (error) {
    if (!hasFields(error)) throw error;
    const isFull = error.code === "limit_reached";
    const refused = isFull ? error.message : `${error.message} Change that item first, then bring this one back.`;
    return c.html(await itemPage(c, tenant, id, { refused }), 409);
  }
});

const hasFields = (error: unknown): error is DomainError =>
  error instanceof DomainError && Object.keys(error.fields).length > 0;

const filterOf = (asked: string | undefined): ItemFilter => Items.itemFilters.find((name) => name === asked) ?? "all";

const classesSet = (count: string): string =>
  count === "0"
    ? "Nothing was left to set: somebody else has decided meanwhile."
    : `The tax class of ${countOf(Number(count), "item")} is set.`;

interface Asked {
  readonly search: string;
  readonly filter: ItemFilter;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

async function listProps(tenant: TenantScope<Member>, asked: Asked): Promise<ItemListProps> {
  const { search, filter } = asked;
  const page = await Items.list(tenant, asked);
  const mayEdit = tenant.mayWork && Items.mayEdit(tenant.actor);
  const path = (mark: "after" | "before", value: string) => {
    const whole = itemsPath({ search, filter });
    return `${whole}${whole.includes("?") ? "&" : "?"}${new URLSearchParams({ [mark]: value })}`;
  };
  return {
    search,
    filter,
    items: page.items.map((item) => itemRow(item, tenant.tenant.currency)),
    total: page.total,
    ...(page.next === undefined ? {} : { next: path("after", page.next) }),
    ...(page.previous === undefined ? {} : { previous: path("before", page.previous) }),
    showsCosts: Items.maySeeCosts(tenant.actor),
    mayEdit,
    mayImport: tenant.mayWork && Permissions.may(tenant.actor, "items.import"),
    ...(mayEdit && filter === "no_tax_class"
      ? { taxClassForm: { formToken: await formToken(tenant), taxClass: "", ticked: [], errors: {} } }
      : {}),
  };
}

async function formPage(
  c: EdgeContext,
  tenant: TenantScope<Member>,
  values: ItemFormValues,
  errors: Readonly<Record<string, string>>,
  edit?: ItemEdit,
) {
  return (
    <ItemFormPage
      shell={await shellFor(c, tenant)}
      values={values}
      errors={errors}
      currency={tenant.tenant.currency}
      showsCosts={Items.maySeeCosts(tenant.actor)}
      {...(edit === undefined ? {} : { edit })}
    />
  );
}

/** What somebody else made of the item, beside what this person typed: nothing of either is lost. */
async function conflictPage(
  c: EdgeContext,
  tenant: TenantScope<Member>,
  id: string,
  seen: SeenItem,
  typed: ItemFormValues,
) {
  const current = await Items.get(tenant, id);
  const { values, meanwhile } = mergeForms(seen.values, typed, valuesOf(current));
  const hasFixedUnits = await Items.hasFixedUnits(tenant, id);
  const isArchived = current.archivedAt !== null;
  return formPage(c, tenant, values, {}, { id, seen: writeSeen(current), hasFixedUnits, meanwhile, isArchived });
}

async function itemPage(c: EdgeContext, tenant: TenantScope<Member>, id: string, { refused }: { refused?: string }) {
  const item = await Items.get(tenant, id);
  const stock = await Stock.ofItem(tenant, item.id);
  const mayImport = tenant.mayWork && Permissions.may(tenant.actor, "items.import");
  const done = doneWords(c, item.name);
  return (
    <ItemPage
      shell={await shellFor(c, tenant)}
      item={itemDetails(item, tenant.tenant.currency)}
      stock={itemStock(stock, item, mayImport)}
      showsCosts={Items.maySeeCosts(tenant.actor)}
      mayEdit={tenant.mayWork && Items.mayEdit(tenant.actor)}
      {...(done === undefined ? {} : { done })}
      {...(refused === undefined ? {} : { refused })}
    />
  );
}

function doneWords(c: EdgeContext, name: string): string | undefined {
  if (c.req.query("added") === "1") return `${name} was added.`;
  if (c.req.query("changed") === "1") return "Your changes are saved.";
  if (c.req.query("restored") === "1") return `${name} is back on the lists.`;
  return undefined;
}
