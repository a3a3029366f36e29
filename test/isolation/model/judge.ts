import {
  complaintOf,
  isAsset,
  ownRecords,
  type Situation,
  type SuspendedTables,
  tablesWhileSuspended,
} from "./expectations.ts";
import { nameOf, type Reply, type Request } from "./requests.ts";
import { type Statement, tablesOf, tablesWrittenBy } from "./statements.ts";
import type { Tenant } from "./tenants.ts";
import type { Standings, Truths } from "./truths.ts";
import { OPEN_TENANTS_MAX, POOL_SIZE, type Sayings, type World } from "./world.ts";

/** The promises of this model, each by what breaks it. */
export type Invariant = "canary" | "database" | "suspended" | "closed" | "connections";

export class Violation extends Error {
  readonly broken: readonly Invariant[];

  constructor(found: readonly { readonly invariant: Invariant; readonly what: string }[]) {
    super(found.map(({ invariant, what }) => `${invariant}: ${what}`).join("\n"));
    this.broken = [...new Set(found.map(({ invariant }) => invariant))];
  }
}

/** A request, what it met when it was sent, and its answer; none when the handler threw. */
export interface Asked {
  readonly request: Request;
  readonly situation: Situation;
  readonly reply: Reply | undefined;
}

/** A pool that was closed is given this long for requests that still use it. */
export const DRAIN_SECONDS = 36;
const CANARY = /cnry[0-9a-f]{12}/g;

/** Looks at everything that a step has left behind. */
export class Judge {
  readonly #world: Pick<World, "tenants">;
  readonly #truths: Truths;
  #found: { invariant: Invariant; what: string }[] = [];
  /** How often each route met each credential and state. */
  readonly coverage = new Map<string, number>();
  /** How often what should be seen was. */
  ownRecordsSeen = 0;
  statementsSeen = 0;

  constructor(world: Pick<World, "tenants">, truths: Truths) {
    this.#world = world;
    this.#truths = truths;
  }

  note(invariant: Invariant, what: string): void {
    this.#found.push({ invariant, what });
  }

  /** Ends a step. @throws Violation with everything that it broke */
  conclude(): void {
    const found = this.#found;
    this.#found = [];
    if (found.length > 0) throw new Violation(found);
  }

  /** Requests of one moment. */
  requests(
    all: readonly Asked[],
    statements: readonly Statement[],
    { sayings, standings }: { readonly sayings: Sayings; readonly standings: Standings },
  ): void {
    for (const { request, situation, reply } of all) {
      const standing = standings.get(request.tenant) ?? "either";
      if (reply !== undefined) this.#reply(request, { ...situation, standing }, reply);
    }
    this.statementsSeen += statements.length;
    const served = all.flatMap(({ request, situation }) =>
      isAsset(request.route) || situation.address === "nobody" ? [] : [request],
    );
    const allowed = new Set(served.map(({ tenant }) => tenant));
    this.#databases(statements, allowed);
    for (const tenant of allowed) {
      if (standings.get(tenant) !== "suspended") continue;
      const own = served.filter((request) => request.tenant === tenant);
      const tables = own.map(({ route }) => tablesWhileSuspended(route));
      this.#tables(statements, tenant, together(tables), () => own.map(describe).join(", "));
    }
    this.#sayings(sayings, new Set(all.map(({ request }) => request.tenant)));
  }

  /** A batch of a queue, whose records were for `order`. */
  batch(
    queue: string,
    order: readonly (Tenant | undefined)[],
    statements: readonly Statement[],
    { sayings, standings }: { readonly sayings: Sayings; readonly standings: Standings },
  ): void {
    const named = new Set(order.filter((tenant) => tenant !== undefined));
    this.#databases(statements, named);
    this.#order(statements, order);
    const none = { read: new Set(["identity"]), written: new Set<string>() };
    const allowed = queue === "item-imports" ? none : tablesWhileSuspended("job");
    for (const tenant of named) {
      if (standings.get(tenant) === "suspended")
        this.#tables(statements, tenant, allowed, () => `a message of ${queue}`);
    }
    this.#sayings(sayings, named);
  }

  /** To be looked at when nothing runs and what was closed has had its time: what is open now rests. */
  connections(open: readonly { readonly database: string; readonly count: number }[]): void {
    for (const { database, count } of open) {
      if (count > POOL_SIZE) this.note("connections", `${count} to ${database}, where ${POOL_SIZE} may be`);
    }
    const total = open.reduce((sum, { count }) => sum + count, 0);
    if (total > POOL_SIZE * OPEN_TENANTS_MAX) this.note("connections", `${total} in all`);
  }

  #reply(request: Request, situation: Situation, reply: Reply): void {
    const name = nameOf(request.route);
    const key = `${name} × ${request.credential} × ${situation.standing}`;
    this.coverage.set(key, (this.coverage.get(key) ?? 0) + 1);
    const own = situation.address === "nobody" ? [] : [request.tenant.canary];
    this.#text(reply.whole, own, () => `the answer to ${describe(request)}`);
    const complaint = complaintOf(request, reply, situation);
    if (complaint !== undefined) {
      this.note("closed", `${describe(request)} is ${situation.standing}: ${complaint}\n${reply.body.slice(0, 300)}`);
    }
    const shows = ownRecords.has(name) && request.credential === "owner" && request.known && reply.status === 200;
    if (!shows) return;
    if (reply.body.includes(request.tenant.canary)) this.ownRecordsSeen += 1;
    else this.note("closed", `${describe(request)} shows nothing of its own`);
  }

  /** Every statement ran in the database of somebody whom the step was for, with that pharmacy's values alone. */
  #databases(statements: readonly Statement[], allowed: ReadonlySet<Tenant>): void {
    for (const { database, text } of statements) {
      const tenant = this.#world.tenants.find((one) => one.database === database);
      if (tenant === undefined) continue;
      const isProofForAnother = isProof(text) && this.#truths.borrowersOf(tenant).some((one) => allowed.has(one));
      if (!allowed.has(tenant) && !isProofForAnother) {
        this.note("database", `${text.slice(0, 200)} ran in the database of tenant ${tenant.index}`);
      }
      const foreign = canariesIn(text).filter((canary) => canary !== tenant.canary);
      if (foreign.length > 0) this.note("database", `${text.slice(0, 200)} carries a foreign canary`);
    }
  }

  #tables(statements: readonly Statement[], tenant: Tenant, allowed: SuspendedTables, why: () => string): void {
    const { read, written } = allowed;
    for (const statement of statements.filter(({ database }) => database === tenant.database)) {
      const refused = [
        ...(read === "all" ? [] : tablesOf(statement).filter((table) => tables.has(table) && !read.has(table))),
        ...tablesWrittenBy(statement).filter((table) => tables.has(table) && !written.has(table)),
      ];
      if (refused.length > 0)
        this.note("suspended", `${refused.join(", ")} asked of tenant ${tenant.index} by ${why()}`);
    }
  }

  /** Records run one after another: the databases change in the order of the messages, and none comes back. */
  #order(ran: readonly Statement[], order: readonly (Tenant | undefined)[]): void {
    let position = 0;
    for (const { database, text } of ran) {
      const isAt = (tenant: Tenant | undefined) =>
        tenant !== undefined &&
        (tenant.database === database || (isProof(text) && this.#truths.of(tenant).swappedWith?.database === database));
      while (position < order.length && !isAt(order[position])) position += 1;
    }
    if (ran.length > 0 && position >= order.length) {
      this.note("database", `${ran.map(({ database }) => database).join(" ")} for ${order.map((one) => one?.index)}`);
    }
  }

  #sayings(sayings: Sayings, concerned: ReadonlySet<Tenant>): void {
    const all = [...concerned].map(({ canary }) => canary);
    const byId = (tenantId: unknown) => this.#world.tenants.find((one) => one.tenantId === tenantId);
    const ofTenant = (tenantId: unknown) => {
      const tenant = byId(tenantId);
      return tenant === undefined ? [] : [tenant.canary];
    };
    for (const line of sayings.logLines) {
      const { tenantId } = JSON.parse(line) as { tenantId?: string };
      this.#text(line, tenantId === undefined ? all : ofTenant(tenantId), () => "a log line");
    }
    for (const { queue, body } of sayings.messages) {
      const { tenantId } = JSON.parse(body) as { tenantId?: string };
      const known = byId(tenantId);
      if (known === undefined) this.note("closed", `a message to ${queue} names no pharmacy: ${body}`);
      else if (!concerned.has(known)) this.note("database", `a message to ${queue} is for tenant ${known.index}`);
      this.#text(body, ofTenant(tenantId), () => `a message to ${queue}`);
    }
    for (const { to, text } of sayings.mails) {
      const [addressee] = canariesIn(to);
      this.#text(text, addressee === undefined ? [] : [addressee], () => `a mail to ${to}`);
    }
    for (const key of sayings.cacheKeys) this.#text(key, all, () => `the cache key ${key}`);
  }

  #text(text: string, own: readonly string[], what: () => string): void {
    const foreign = canariesIn(text).filter((canary) => !own.includes(canary));
    if (foreign.length === 0) return;
    const whose = this.#world.tenants.filter(({ canary }) => foreign.includes(canary)).map(({ index }) => index);
    this.note("canary", `${what()} shows what is tenant ${whose.join(", ")}'s`);
  }
}

export const describe = ({ route, tenant, credential, host }: Request): string =>
  `${nameOf(route)} at ${host} (tenant ${tenant.index}) with ${credential}`;

/** What looks like a table in a statement and is one of the pharmacy's. */
const tables = new Set([
  ...["identity", "users", "sessions", "accounts", "verifications", "sign_in_links", "companies", "branches", "outbox"],
  ...["audit_log", "items", "item_imports", "item_import_rejections", "item_import_rows", "item_import_keys"],
  ...["item_import_changes", "import_headings", "api_keys", "user_branch_roles", "role_permissions", "invitations"],
  ...["rate_limits", "two_factors", "recovery_codes", "password_resets", "company_logos", "document_series"],
  ...["setup_steps", "batches", "stock_movements", "stock_balances", "request_quotas", "usage_days"],
]);

/** What requests of one moment may ask for between them. */
function together(all: readonly SuspendedTables[]): SuspendedTables {
  const read = all.map((one) => one.read);
  return {
    read: read.includes("all") ? "all" : new Set(read.flatMap((one) => (one === "all" ? [] : [...one]))),
    written: new Set(all.flatMap(({ written }) => [...written])),
  };
}

/** What a new connection is asked before anybody may use it: whether it answers, and whose its database is. */
const isProof = (text: string): boolean => /^\s*select (1|tenant_id from pharmacy\.identity)\s*$/.test(text);

const canariesIn = (text: string): string[] => [...new Set(text.match(CANARY) ?? [])];
