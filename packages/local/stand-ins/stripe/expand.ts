import { invalid } from "./replies.ts";
import type { Kind, World } from "./world.ts";

/**
 * Fields that an object shows only when they are asked for, by `object.field` such as `customer.tax_ids`: what is there
 * for the object of this id.
 */
export type Includables = Readonly<Record<string, (world: World, id: string) => unknown>>;

/** With `data` of a list as one of them. */
const MAX_DEPTH = 4;

/** What a reference of this name leads to, wherever it stands. */
const references: Readonly<Record<string, Kind>> = {
  charge: "charges",
  coupon: "coupons",
  credit_note: "creditNotes",
  customer: "customers",
  default_payment_method: "paymentMethods",
  default_price: "prices",
  discounts: "discounts",
  invoice: "invoices",
  latest_charge: "charges",
  latest_invoice: "invoices",
  payment_intent: "paymentIntents",
  payment_method: "paymentMethods",
  pending_setup_intent: "setupIntents",
  price: "prices",
  product: "products",
  promotion_code: "promotionCodes",
  refund: "refunds",
  schedule: "schedules",
  setup_intent: "setupIntents",
  subscription: "subscriptions",
};

/**
 * The reply with the asked references replaced by their objects.
 * @param paths as in `expand[]`: `latest_invoice.payments`, and `data.customer` in a list
 * @throws Refusal for what cannot be expanded
 */
export function expand(world: World, includables: Includables, reply: object, paths: readonly string[]): object {
  return paths.reduce<object>((value, path) => {
    const steps = path.split(".");
    if (steps.length > MAX_DEPTH) {
      throw invalid(`You cannot expand more than ${MAX_DEPTH} levels of a property. Property: ${path}`, {
        param: "expand",
      });
    }
    return stepInto({ world, includables, path }, value, steps);
  }, reply);
}

interface Walk {
  readonly world: World;
  readonly includables: Includables;
  readonly path: string;
}

function stepInto(walk: Walk, value: object, [step, ...rest]: readonly string[]): object {
  if (step === undefined) return value;
  if (Array.isArray(value)) return value.map((each) => (isObject(each) ? stepInto(walk, each, [step, ...rest]) : each));
  const fields = new Map(Object.entries(value));
  const there = fields.has(step) ? fields.get(step) : included(walk, fields, step);
  const next = resolve(walk, step, there);
  return { ...value, [step]: isObject(next) ? stepInto(walk, next, rest) : next };
}

/** The object behind an id, or the objects behind a list of ids; anything else as it is. */
function resolve(walk: Walk, step: string, there: unknown): unknown {
  if (Array.isArray(there)) return there.map((each) => (typeof each === "string" ? resolve(walk, step, each) : each));
  if (typeof there !== "string") {
    if (there === null || isObject(there)) return there;
    throw notExpandable(walk.path);
  }
  const kind = Object.hasOwn(references, step) ? references[step] : undefined;
  if (kind === undefined) throw notExpandable(walk.path);
  const found = walk.world.find(kind, there);
  const { deleted } = walk.world.secretOf(there);
  return found ?? (deleted === undefined ? there : { id: there, object: deleted, deleted: true });
}

function included({ world, includables, path }: Walk, fields: ReadonlyMap<string, unknown>, step: string): unknown {
  const name = `${String(fields.get("object"))}.${step}`;
  const read = Object.hasOwn(includables, name) ? includables[name] : undefined;
  if (read === undefined) throw notExpandable(path);
  return read(world, String(fields.get("id")));
}

const notExpandable = (path: string) => invalid(`This property cannot be expanded (${path}).`, { param: "expand" });

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
