import { type Expression, type SqlBool, sql } from "kysely";
import { invalidInput } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import { databaseProviders } from "../../ports/database-hosts.ts";
import type { ControlScope } from "../scope.ts";
import { serverOf } from "./servers.ts";
import type { WaveCandidate } from "./waves.ts";

/** Which tenants are meant: those that fit both. Neither given: the whole fleet. */
export interface Selection {
  /** Subdomains or ids. */
  readonly tenants: readonly string[];
  /** Terms that must all hold, separated by commas: `ring=pilot, version<16`. */
  readonly selector: string;
}

const allowed = {
  ring: ["staging", "pilot", "general"],
  plan: ["starter", "professional", "enterprise"],
  state: ["trial", "active", "past_due", "suspended", "cancelled", "closed"],
  provider: databaseProviders,
  region: undefined,
} as const satisfies Record<string, readonly string[] | undefined>;
type TermName = keyof typeof allowed;

/** A selector that was understood. */
export interface Terms {
  readonly equal: Readonly<Partial<Record<TermName, string>>>;
  readonly version: { readonly is: "<" | "="; readonly value: number } | undefined;
}

const FORMS = "ring=, plan=, state=, provider=, region=, version< and version=";

/** @throws DomainError `invalid_input` on `selector`, which says what is allowed */
export function parseSelector(selector: string): Terms {
  const equal: Partial<Record<TermName, string>> = {};
  let version: Terms["version"];
  if (selector.trim() === "") return { equal, version };
  for (const term of selector.split(",").map((part) => part.trim())) {
    const [, name = "", is = "", value = ""] = /^([a-z]+)\s*([<=])\s*([A-Za-z0-9_.-]+)$/.exec(term) ?? [];
    if (name === "version") {
      if (!/^\d{1,6}$/.test(value)) throw refused(`In “${term}” the version must be a number, such as version<16.`);
      if (version !== undefined) throw refused("version is there twice: one term of each kind.");
      version = { is: is === "<" ? "<" : "=", value: Number(value) };
      continue;
    }
    if (!isTermName(name) || is !== "=") throw refused(`“${term}” is not understood. There are ${FORMS}.`);
    const values: readonly string[] | undefined = allowed[name];
    if (values !== undefined && !values.includes(value)) {
      throw refused(`There is no ${name} ${value}: choose from ${values.join(", ")}.`);
    }
    if (equal[name] !== undefined) throw refused(`${name} is there twice: one term of each kind.`);
    equal[name] = value;
  }
  return { equal, version };
}

const isTermName = (name: string): name is TermName => Object.hasOwn(allowed, name);
const refused = (message: string) => invalidInput(message, { selector: message });

/** As it is kept with the deployment, in one line; '' is the whole fleet. */
export function wordsOf({ tenants, selector }: Selection): string {
  const terms = selector.split(",").map((term) => term.trim());
  return [...tenants.map((tenant) => `tenant=${tenant}`), ...terms].filter((term) => term !== "").join(", ");
}

export const isWholeFleet = (selection: Selection): boolean => wordsOf(selection) === "";

/** Tenants that were chosen, with the words of a selector understood. */
export interface Chosen {
  /** Undefined: whoever fits the terms. */
  readonly tenantIds: readonly string[] | undefined;
  readonly terms: Terms;
}

/** @throws DomainError `invalid_input` on `selector`, or on `tenants` when one of them is not there */
export async function choose(control: ControlScope, { tenants, selector }: Selection): Promise<Chosen> {
  const terms = parseSelector(selector);
  if (tenants.length === 0) return { tenantIds: undefined, terms };
  return { tenantIds: [...new Set(await tenantIdsOf(control, tenants))], terms };
}

/**
 * @param wanted subdomains or ids
 * @throws DomainError `invalid_input` on `tenants`, with those that are not there
 */
export async function tenantIdsOf(control: ControlScope, wanted: readonly string[]): Promise<readonly string[]> {
  const names = wanted.map((name) => name.trim().toLowerCase());
  const ids = names.filter((name) => idSchema.safeParse(name).success);
  const hosts = names.filter((name) => !ids.includes(name));
  const [byId, byHost] = [
    ids.length === 0 ? [] : await control.db.selectFrom("tenants").select("id").where("id", "in", ids).execute(),
    hosts.length === 0
      ? []
      : await control.db.selectFrom("tenantHosts").select(["host", "tenantId"]).where("host", "in", hosts).execute(),
  ];
  const found = new Map([
    ...byId.map(({ id }): [string, string] => [id, id]),
    ...byHost.map(({ host, tenantId }): [string, string] => [host, tenantId]),
  ]);
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) {
    const message = `There is no pharmacy ${missing.join(", ")}: give subdomains or ids.`;
    throw invalidInput(message, { tenants: message });
  }
  return names.flatMap((name) => found.get(name) ?? []);
}

/** @throws DomainError `invalid_input` on `tenants` */
export async function tenantIdOf(control: ControlScope, wanted: string): Promise<string> {
  const [id] = await tenantIdsOf(control, [wanted]);
  if (id === undefined) throw invalidInput("Say which pharmacy: its subdomain or id.");
  return id;
}

/** A tenant with a database. */
export interface FleetMember extends WaveCandidate {
  readonly name: string;
  readonly subdomain: string | null;
  readonly version: number;
  readonly tableSizes: unknown;
  readonly drift: unknown;
  /** The deployment that has not done with it. */
  readonly heldBy: string | null;
}

/** Of tenants and targets at a time. */
export const PAGE = 1000;

/**
 * The chosen tenants that have a database, and a schema below a version if one is given, in pages: the suspended and the
 * cancelled too, since each may come back; not those that are still being opened.
 */
export async function* fleetMembers(
  control: ControlScope,
  chosen: Chosen,
  version: number | undefined,
): AsyncGenerator<readonly FleetMember[]> {
  let after: string | undefined;
  for (;;) {
    const rows = await chosenMembers(control, chosen)
      .$if(version !== undefined, (query) => query.where("tenants.schemaVersion", "<", version ?? 0))
      .$if(after !== undefined, (query) => query.where("tenants.id", ">", after ?? ""))
      .leftJoin("tenantSchemas", "tenantSchemas.tenantId", "tenants.id")
      .leftJoin("tenantHosts", (join) =>
        join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
      )
      .leftJoin("deploymentTargets as held", (join) =>
        join.onRef("held.tenantId", "=", "tenants.id").on("held.state", "in", ["pending", "queued", "running"]),
      )
      .select([
        "tenants.id as tenantId",
        "tenants.name",
        "tenants.ring",
        "tenants.schemaVersion",
        "tenantHosts.host as subdomain",
        "tenantDatabases.provider",
        "tenantDatabases.region",
        "tenantDatabases.projectRef",
        "tenantSchemas.tableSizes",
        "tenantSchemas.drift",
        "held.deploymentId as heldBy",
      ])
      .orderBy("tenants.id")
      .limit(PAGE)
      .execute();
    if (rows.length === 0) return;
    yield rows.map(({ schemaVersion, provider, region, projectRef, ...row }) => ({
      ...row,
      version: schemaVersion ?? 0,
      server: serverOf({ provider, region, projectRef, tenantId: row.tenantId }),
    }));
    after = rows.at(-1)?.tenantId;
    if (rows.length < PAGE) return;
  }
}

/** How many of the chosen have a version already. */
export async function countCurrent(control: ControlScope, chosen: Chosen, version: number): Promise<number> {
  const { count } = await chosenMembers(control, chosen)
    .where("tenants.schemaVersion", ">=", version)
    .select((e) => e.fn.countAll<string>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The lowest version that any of the chosen has; undefined when there is none. */
export async function lowestVersion(control: ControlScope, chosen: Chosen): Promise<number | undefined> {
  const { lowest } = await chosenMembers(control, chosen)
    .select((e) => e.fn.min("tenants.schemaVersion").as("lowest"))
    .executeTakeFirstOrThrow();
  return lowest ?? undefined;
}

/**
 * Ids of those that are meant, for lists of something else that is theirs.
 * @returns undefined: everybody
 * @throws DomainError `invalid_input` as `choose`
 */
export async function selectedIds(
  control: ControlScope,
  selection: Selection | undefined,
): Promise<readonly string[] | undefined> {
  if (selection === undefined || isWholeFleet(selection)) return undefined;
  const chosen = await choose(control, selection);
  const rows = await chosenMembers(control, chosen).select("tenants.id").execute();
  return rows.map(({ id }) => id);
}

/** All tenants with a database that are open, or a part of them, with what was last seen of their schemas. */
export function fleetOf(control: ControlScope, selected: readonly string[] | undefined) {
  return control.db
    .selectFrom("tenants")
    .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
    .leftJoin("tenantSchemas", "tenantSchemas.tenantId", "tenants.id")
    .where("tenants.state", "not in", ["provisioning", "provisioning_failed"])
    .$if(selected !== undefined, (query) =>
      query.where(({ eb, val }) => eb("tenants.id", "=", eb.fn.any(val([...(selected ?? [])])))),
    );
}

/** Everybody. */
export const wholeFleet: Chosen = { tenantIds: undefined, terms: { equal: {}, version: undefined } };

function chosenMembers(control: ControlScope, { tenantIds, terms }: Chosen) {
  const { equal, version } = terms;
  return control.db
    .selectFrom("tenants")
    .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
    .where("tenants.state", "not in", ["provisioning", "provisioning_failed"])
    .where("tenants.schemaVersion", "is not", null)
    .where("tenantDatabases.ownerSecretArn", "is not", null)
    .$if(tenantIds !== undefined, (query) =>
      query.where(({ eb, val }) => eb("tenants.id", "=", eb.fn.any(val([...(tenantIds ?? [])])))),
    )
    .where((e) => {
      const conditions: Expression<SqlBool>[] = [];
      if (equal.ring !== undefined) conditions.push(e(e.cast("tenants.ring", "text"), "=", equal.ring));
      if (equal.state !== undefined) conditions.push(e(e.cast("tenants.state", "text"), "=", equal.state));
      if (equal.provider !== undefined) {
        conditions.push(e(e.cast("tenantDatabases.provider", "text"), "=", equal.provider));
      }
      if (equal.region !== undefined) conditions.push(e("tenantDatabases.region", "=", equal.region));
      if (equal.plan !== undefined) conditions.push(e.exists(planIs(control, equal.plan)));
      if (version !== undefined) conditions.push(e("tenants.schemaVersion", version.is, version.value));
      return e.and(conditions);
    });
}

function planIs(control: ControlScope, code: string) {
  return control.db
    .selectFrom("tenantSubscriptions")
    .innerJoin("subscriptionPlans", "subscriptionPlans.id", "tenantSubscriptions.planId")
    .select("tenantSubscriptions.id")
    .whereRef("tenantSubscriptions.tenantId", "=", sql.ref("tenants.id"))
    .where((e) => e(e.cast("subscriptionPlans.code", "text"), "=", code));
}
