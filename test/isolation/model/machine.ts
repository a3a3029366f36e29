import type { SQSEvent, SQSRecord } from "aws-lambda";
import {
  complaintOf,
  isAsset,
  ownRecords,
  type Situation,
  type Standing,
  tablesWhileSuspended,
} from "./expectations.ts";
import { type CredentialKind, nameOf, type Reply, type Request, type Route, routesOf, send } from "./requests.ts";
import { type Statement, tablesOf } from "./statements.ts";
import { ids, type Tenant } from "./tenants.ts";
import { APPLICATION, OPEN_TENANTS_MAX, POOL_SIZE, type QueuedMessage, type Sayings, type World } from "./world.ts";

/** Numbers choose by remainder, so that every step means something whatever routes and tenants there are. */
export interface AskStep {
  readonly kind: "ask";
  readonly tenant: number;
  readonly other: number;
  readonly route: number;
  readonly credential: CredentialKind;
  readonly address: "primary" | "old" | "nobody";
  readonly known: boolean;
}

export type Step =
  | AskStep
  | { readonly kind: "burst"; readonly asks: readonly AskStep[] }
  /** A change of state while requests are under way, seen by nobody yet. */
  | { readonly kind: "overtake"; readonly tenant: number; readonly asks: readonly AskStep[] }
  | { readonly kind: "enqueue"; readonly tenant: number }
  | { readonly kind: "consume"; readonly picks: readonly number[]; readonly strangers: readonly number[] }
  | { readonly kind: "suspend" | "resume" | "rename"; readonly tenant: number; readonly delayed: boolean }
  | { readonly kind: "rotate" | "kill" | "stop" | "start"; readonly tenant: number }
  | { readonly kind: "swap"; readonly tenant: number; readonly other: number; readonly what: "reference" | "address" }
  | { readonly kind: "evict" }
  | { readonly kind: "freeze" | "pass"; readonly seconds: number };

/** The promises of this model, each by what breaks it. */
export type Invariant = "canary" | "database" | "suspended" | "closed" | "connections";

export class Violation extends Error {
  readonly broken: readonly Invariant[];

  constructor(found: readonly { readonly invariant: Invariant; readonly what: string }[]) {
    super(found.map(({ invariant, what }) => `${invariant}: ${what}`).join("\n"));
    this.broken = [...new Set(found.map(({ invariant }) => invariant))];
  }
}

/** What the model knows of a pharmacy. */
interface Truth {
  suspended: boolean;
  label: string;
  oldLabel: string | undefined;
  /** Until when, in the process's time, what was before the last change may still be seen. */
  settledAt: number;
  /** Whether the database refuses its own roles. */
  stopped: boolean;
  /** Which pharmacy's secret or address it was given instead of its own. */
  swappedWith: Tenant | undefined;
  calmAt: number;
}

/** How late a change may be seen. */
const VISIBLE_SECONDS = 10;
/** After a refused credential nobody tries for 30 s. */
const CALM_SECONDS = 31;
/** A pool that was closed is given this long for requests that still use it. */
export const DRAIN_SECONDS = 36;
const CANARY = /cnry[0-9a-f]{12}/g;

/** Runs steps against the world and looks at everything after each. */
export class Machine {
  readonly #world: World;
  readonly #routes: readonly Route[];
  readonly #truths = new Map<Tenant, Truth>();
  readonly #found: { invariant: Invariant; what: string }[] = [];
  #messages = 0;
  #renames = 0;
  /** How often each route met each credential and state. */
  readonly coverage = new Map<string, number>();
  /** How often what should be seen was. */
  ownRecordsSeen = 0;
  statementsSeen = 0;

  constructor(world: World) {
    this.#world = world;
    this.#routes = routesOf(world);
  }

  get routes(): readonly Route[] {
    return this.#routes;
  }

  /** The world as it is at the start of every run. */
  async begin(): Promise<void> {
    const world = this.#world;
    await world.tenancy.openTenants.close();
    for (const tenant of world.tenants) {
      const { tenantId, label } = tenant;
      await world.admin.unsafe(`alter database ${tenant.database} connection limit -1`);
      await world.control`update control.tenant_databases set app_secret_arn = null where tenant_id = ${tenantId}`;
      await world.storeSecret(tenant, tenant, await world.newPassword(tenant));
      await world.control`delete from control.tenant_hosts where tenant_id = ${tenantId} and host <> ${label}`;
      await world.control`update control.tenant_hosts set kind = 'primary', until = null where host = ${label}`;
      await world.control`update control.tenants set state = 'active' where id = ${tenantId}`;
      this.#truths.set(tenant, {
        suspended: false,
        label,
        oldLabel: undefined,
        settledAt: 0,
        stopped: false,
        swappedWith: undefined,
        calmAt: 0,
      });
      await this.#restore(tenant);
      await world.database(tenant)`update pharmacy.outbox set sent_at = now(), done_at = now() where done_at is null`;
    }
    for (const tenant of world.tenants) await this.#giveSecret(tenant, tenant);
    world.queued.length = 0;
    await world.time.pass(DRAIN_SECONDS);
    world.heard();
    world.statements.since(APPLICATION);
  }

  /** @throws Violation with everything that is broken after the step */
  async run(step: Step): Promise<void> {
    this.#found.length = 0;
    await this.#do(step);
    if (step.kind === "pass" && step.seconds >= DRAIN_SECONDS) await this.#countConnections();
    if (this.#found.length > 0) throw new Violation(this.#found);
  }

  async #do(step: Step): Promise<void> {
    const { time } = this.#world;
    switch (step.kind) {
      case "ask":
        return this.#ask([step]);
      case "burst":
        return this.#ask(step.asks);
      case "overtake":
        return this.#ask(step.asks, () => this.#suspend(this.#tenant(step.tenant), "toggled"));
      case "enqueue":
        return this.#enqueue(this.#tenant(step.tenant));
      case "consume":
        return this.#consume(step.picks, step.strangers);
      case "suspend":
      case "resume":
        await this.#suspend(this.#tenant(step.tenant), step.kind === "suspend");
        return this.#settle(step.delayed);
      case "rename":
        await this.#rename(this.#tenant(step.tenant));
        return this.#settle(step.delayed);
      case "rotate": {
        const tenant = this.#tenant(step.tenant);
        // A swapped secret has another's password, which stays.
        if (this.#truth(tenant).swappedWith !== undefined || this.#isLent(tenant)) return;
        await this.#world.storeSecret(tenant, tenant, await this.#world.newPassword(tenant));
        return;
      }
      case "kill":
        return this.#kill(this.#tenant(step.tenant));
      case "stop":
      case "start":
        return this.#stop(this.#tenant(step.tenant), step.kind === "stop");
      case "swap":
        return this.#swap(step);
      case "evict":
        // Later than anything is kept.
        return time.pass(301);
      case "freeze":
        time.freeze(step.seconds);
        return;
      case "pass":
        return time.pass(step.seconds);
    }
  }

  async #ask(asks: readonly AskStep[], meanwhile?: () => Promise<void>): Promise<void> {
    const world = this.#world;
    const requests = asks.map((ask) => this.#requestOf(ask));
    const before = requests.map((request) => this.#situationOf(request, asks.length === 1));
    const sent = requests.map((request) =>
      send(world, request).catch((error: unknown) => {
        this.#note("closed", `${describe(request)} threw ${String(error)}`);
        return undefined;
      }),
    );
    await meanwhile?.();
    const replies = await Promise.all(sent);
    const statements = world.statements.since(APPLICATION);
    for (const [index, request] of requests.entries()) {
      const reply = replies[index];
      if (reply !== undefined) {
        this.#judge(request, reply, before[index] ?? this.#situationOf(request, false), meanwhile !== undefined);
      }
    }
    this.#judgeStatements(statements, requests);
    this.#judgeSayings(world.heard(), new Set(requests.map(({ tenant }) => tenant)));
    const changed = requests.filter(
      ({ route }, index) => route.method !== "GET" && (replies[index]?.status ?? 0) < 400,
    );
    for (const tenant of new Set(changed.map(({ tenant }) => tenant))) await this.#restore(tenant);
  }

  #judge(request: Request, reply: Reply, situation: Situation, overtaken: boolean): void {
    const name = nameOf(request.route);
    const key = `${name} × ${request.credential} × ${situation.standing}`;
    this.coverage.set(key, (this.coverage.get(key) ?? 0) + 1);
    const own = situation.address === "nobody" ? [] : [request.tenant.canary];
    // The address that was asked for comes back in an answer about it.
    this.#judgeText("canary", reply.whole, own, () => `the answer to ${describe(request)}`);
    const complaint = complaintOf(request, reply, overtaken ? { ...situation, standing: "either" } : situation);
    if (complaint !== undefined) {
      this.#note("closed", `${describe(request)} is ${situation.standing}: ${complaint}\n${reply.body.slice(0, 300)}`);
    }
    const shows = ownRecords.has(name) && request.credential === "owner" && request.known && reply.status === 200;
    if (!shows) return;
    if (reply.body.includes(request.tenant.canary)) this.ownRecordsSeen += 1;
    else this.#note("closed", `${describe(request)} shows nothing of its own`);
  }

  #judgeStatements(statements: readonly Statement[], requests: readonly Request[]): void {
    this.statementsSeen += statements.length;
    const asked = requests.filter(({ route }) => !isAsset(route));
    const allowed = new Set(asked.flatMap((request) => (this.#isNobodys(request) ? [] : [request.tenant])));
    this.#judgeDatabases(statements, allowed);
    for (const tenant of allowed) {
      if (this.#standing(tenant) !== "suspended") continue;
      const routes = asked.filter((request) => request.tenant === tenant);
      const tables = routes.map(({ route }) => tablesWhileSuspended(route));
      this.#judgeTables(
        statements,
        tenant,
        (table) => tables.some((some) => some.has(table)),
        () => routes.map(describe).join(", "),
      );
    }
  }

  /** Every statement ran in the database of somebody whom the step was for, with that pharmacy's values alone. */
  #judgeDatabases(statements: readonly Statement[], allowed: ReadonlySet<Tenant>): void {
    for (const statement of statements) {
      const tenant = this.#world.tenants.find(({ database }) => database === statement.database);
      const { text } = statement;
      if (tenant === undefined) continue;
      const asksWhose = isProof(text);
      const lentTo = [...allowed].some((one) => this.#truth(one).swappedWith === tenant);
      if (!allowed.has(tenant) && !(asksWhose && lentTo)) {
        this.#note("database", `${text.slice(0, 200)} ran in the database of tenant ${tenant.index}`);
      }
      const foreign = canariesIn(text).filter((canary) => canary !== tenant.canary);
      if (foreign.length > 0) this.#note("database", `${text.slice(0, 200)} carries a foreign canary`);
    }
  }

  #judgeTables(
    statements: readonly Statement[],
    tenant: Tenant,
    isAllowed: (table: string) => boolean,
    why: () => string,
  ): void {
    for (const statement of statements.filter(({ database }) => database === tenant.database)) {
      const refused = tablesOf(statement).filter((table) => tables.has(table) && !isAllowed(table));
      if (refused.length > 0)
        this.#note("suspended", `${refused.join(", ")} asked of tenant ${tenant.index} by ${why()}`);
    }
  }

  #judgeSayings(sayings: Sayings, concerned: ReadonlySet<Tenant>): void {
    const { tenants } = this.#world;
    const all = [...concerned].map(({ canary }) => canary);
    const ofTenant = (tenantId: unknown) => {
      const tenant = tenants.find((one) => one.tenantId === tenantId);
      return tenant === undefined ? [] : [tenant.canary];
    };
    for (const line of sayings.logLines) {
      const { tenantId } = JSON.parse(line) as { tenantId?: string };
      this.#judgeText("canary", line, tenantId === undefined ? all : ofTenant(tenantId), () => "a log line");
    }
    for (const { queue, body } of sayings.messages) {
      const { tenantId } = JSON.parse(body) as { tenantId?: string };
      const known = tenants.find((one) => one.tenantId === tenantId);
      if (known === undefined) this.#note("closed", `a message to ${queue} names no pharmacy: ${body}`);
      else if (!concerned.has(known)) this.#note("database", `a message to ${queue} is for tenant ${known.index}`);
      this.#judgeText("canary", body, ofTenant(tenantId), () => `a message to ${queue}`);
    }
    for (const { to, text } of sayings.mails) {
      const [addressee] = canariesIn(to);
      this.#judgeText("canary", text, addressee === undefined ? [] : [addressee], () => `a mail to ${to}`);
    }
    for (const key of sayings.cacheKeys) this.#judgeText("canary", key, all, () => `the cache key ${key}`);
  }

  #judgeText(invariant: Invariant, text: string, own: readonly string[], what: () => string): void {
    const foreign = canariesIn(text).filter((canary) => !own.includes(canary));
    if (foreign.length === 0) return;
    const whose = this.#world.tenants.filter(({ canary }) => foreign.includes(canary)).map(({ index }) => index);
    this.#note(invariant, `${what()} shows what is tenant ${whose.join(", ")}'s`);
  }

  /** Nothing runs between steps, and what was closed has had its time: what is open now rests. */
  async #countConnections(): Promise<void> {
    const { admin } = this.#world;
    const rows = await admin<{ datname: string; open: number }[]>`
      select datname, count(*)::int as open from pg_stat_activity
      where application_name like ${`${APPLICATION}%`} group by datname`;
    for (const { datname, open } of rows) {
      if (open > POOL_SIZE) this.#note("connections", `${open} to ${datname}, where ${POOL_SIZE} may be`);
    }
    const total = rows.reduce((sum, { open }) => sum + open, 0);
    if (total > POOL_SIZE * OPEN_TENANTS_MAX) this.#note("connections", `${total} in all`);
  }

  /** The same row in every pharmacy's outbox: a turn of its import that nobody was told of. */
  async #enqueue(tenant: Tenant): Promise<void> {
    const payload = this.#world.control.json({ importId: ids.newImport, turn: "1" });
    await this.#world.database(tenant)`
      insert into pharmacy.outbox (id, queue, payload, dedupe_key, due_at, created_at)
      values (${ids.outbox}, 'item-imports', ${payload}, 'walls', now(), now())
      on conflict (id) do update set sent_at = null, done_at = null`;
    this.#world.queued.push({ queue: "tenant-relay", body: JSON.stringify({ tenantId: tenant.tenantId }) });
  }

  /** Batches in the order of the picks: a pick that comes twice is a message delivered twice. */
  async #consume(picks: readonly number[], strangers: readonly number[]): Promise<void> {
    const { queued, workers } = this.#world;
    const picked = queued.length === 0 ? [] : picks.map((pick) => queued[pick % queued.length]);
    const found = picked.filter((message) => message !== undefined);
    const strange = strangers.map((choice) => strangeMessages[choice % strangeMessages.length]);
    const messages = [...found, ...strange.filter((message) => message !== undefined)];
    for (const queue of Object.keys(workers)) {
      const batch = messages.filter((message) => message.queue === queue);
      if (batch.length > 0) await this.#deliver(queue, batch);
    }
    for (const message of found) {
      const position = queued.indexOf(message);
      if (position >= 0) queued.splice(position, 1);
    }
  }

  async #deliver(queue: string, batch: readonly QueuedMessage[]): Promise<void> {
    const { workers, tenants, statements, heard } = { ...this.#world };
    const event: SQSEvent = { Records: batch.map(({ body }) => this.#recordOf(queue, body)) };
    const failed = await workers[queue]?.(event).catch((error: unknown) => {
      this.#note("closed", `the worker of ${queue} threw ${String(error)}`);
    });
    const order = batch.map(({ body }) => {
      const { tenantId } = JSON.parse(body) as { tenantId?: string };
      return tenants.find((one) => one.tenantId === tenantId);
    });
    const refused = new Set((failed?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
    for (const [index, tenant] of order.entries()) {
      const record = event.Records[index];
      if (tenant === undefined && record !== undefined && !refused.has(record.messageId)) {
        this.#note("closed", `${record.body} was taken from ${queue}, though it names no pharmacy`);
      }
    }
    const ran = statements.since(APPLICATION);
    const named = new Set(order.filter((tenant) => tenant !== undefined));
    this.#judgeDatabases(ran, named);
    this.#judgeOrder(ran, order);
    for (const tenant of named) {
      if (this.#standing(tenant) !== "suspended") continue;
      const allowed = queue === "item-imports" ? new Set<string>(["identity"]) : tablesWhileSuspended("job");
      this.#judgeTables(
        ran,
        tenant,
        (table) => allowed.has(table),
        () => `a message of ${queue}`,
      );
    }
    this.#judgeSayings(heard(), named);
    for (const tenant of named) await this.#restore(tenant);
  }

  /** Records run one after another: the databases change in the order of the messages, and none comes back. */
  #judgeOrder(ran: readonly Statement[], order: readonly (Tenant | undefined)[]): void {
    let position = 0;
    for (const { database, text } of ran) {
      const lent = (tenant: Tenant | undefined) =>
        tenant !== undefined && this.#truth(tenant).swappedWith?.database === database && isProof(text);
      const isAt = (tenant: Tenant | undefined) => tenant?.database === database || lent(tenant);
      while (position < order.length && !isAt(order[position])) position += 1;
    }
    if (ran.length > 0 && position >= order.length) {
      this.#note("database", `${ran.map(({ database }) => database).join(" ")} for ${order.map((one) => one?.index)}`);
    }
  }

  #recordOf(queue: string, body: string): SQSRecord {
    this.#messages += 1;
    return {
      messageId: `walls-message-${this.#messages}`,
      receiptHandle: "none",
      body,
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: "0",
        SenderId: "walls",
        ApproximateFirstReceiveTimestamp: "0",
      },
      messageAttributes: {},
      md5OfBody: "",
      eventSource: "aws:sqs",
      eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
      awsRegion: "us-east-1",
    };
  }

  async #suspend(tenant: Tenant, to: boolean | "toggled"): Promise<void> {
    const truth = this.#truth(tenant);
    const suspended = to === "toggled" ? !truth.suspended : to;
    if (suspended === truth.suspended) return;
    const state = suspended ? "suspended" : "active";
    await this.#world.control`update control.tenants set state = ${state} where id = ${tenant.tenantId}`;
    truth.suspended = suspended;
    this.#changed(tenant);
  }

  async #rename(tenant: Tenant): Promise<void> {
    const { control, time } = this.#world;
    const truth = this.#truth(tenant);
    this.#renames += 1;
    const label = `dawa${this.#renames}-${tenant.canary}`;
    const until = new Date(time.nowMs() + 90 * 86_400_000);
    await control.begin(async (tx) => {
      if (truth.oldLabel !== undefined) await tx`delete from control.tenant_hosts where host = ${truth.oldLabel}`;
      await tx`update control.tenant_hosts set kind = 'redirect', until = ${until} where host = ${truth.label}`;
      await tx`insert into control.tenant_hosts (host, tenant_id, kind, created_at)
        values (${label}, ${tenant.tenantId}, 'primary', now())`;
    });
    Object.assign(truth, { label, oldLabel: truth.label });
    this.#changed(tenant);
  }

  async #kill({ app, reader }: Tenant): Promise<void> {
    await this.#world.admin`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename in (${app}, ${reader})`;
    // The process reads what its sockets were told.
    await new Promise((resolve) => setTimeout(resolve, 25));
  }

  async #stop(tenant: Tenant, stopped: boolean): Promise<void> {
    const truth = this.#truth(tenant);
    if (truth.stopped === stopped) return;
    await this.#world.admin.unsafe(`alter database ${tenant.database} connection limit ${stopped ? 0 : -1}`);
    truth.stopped = stopped;
    this.#disturbed(tenant);
    // A pharmacy that was given this database meets its fate.
    for (const [one, { swappedWith }] of this.#truths) if (swappedWith === tenant) this.#disturbed(one);
    if (stopped) await this.#kill(tenant);
  }

  /** A second swap of a pharmacy puts it right again. */
  async #swap({ tenant: one, other: two, what }: Extract<Step, { kind: "swap" }>): Promise<void> {
    const tenant = this.#tenant(one);
    const other = this.#other(tenant, two);
    const truth = this.#truth(tenant);
    if (truth.swappedWith !== undefined) {
      await this.#mend(tenant);
      return this.#settle(false);
    }
    if (this.#truth(other).swappedWith !== undefined || this.#isLent(tenant) || this.#isLent(other)) return;
    for (const [mine, theirs] of [
      [tenant, other],
      [other, tenant],
    ] as const) {
      this.#truth(mine).swappedWith = theirs;
      this.#disturbed(mine);
    }
    const [passwordOfOther, password] = [await this.#world.newPassword(other), await this.#world.newPassword(tenant)];
    if (what === "address") {
      // What no comparison of secrets finds: only the database itself knows whose it is.
      await this.#world.storeSecret(tenant, other, passwordOfOther);
      await this.#world.storeSecret(other, tenant, password);
      for (const mine of [tenant, other]) await this.#giveSecret(mine, mine);
    } else {
      await this.#world.storeSecret(tenant, tenant, password);
      await this.#world.storeSecret(other, other, passwordOfOther);
      await this.#giveSecret(tenant, other);
      await this.#giveSecret(other, tenant);
    }
    await this.#settle(false);
  }

  async #mend(tenant: Tenant): Promise<void> {
    const other = this.#truth(tenant).swappedWith;
    for (const one of [tenant, other]) {
      if (one === undefined) continue;
      await this.#world.storeSecret(one, one, await this.#world.newPassword(one));
      await this.#giveSecret(one, one);
      this.#truth(one).swappedWith = undefined;
      this.#disturbed(one);
    }
  }

  /** References are unique, so that a holder loses one before another gets it. */
  async #giveSecret(tenant: Tenant, of: Tenant): Promise<void> {
    const { control, arns } = this.#world;
    const reference = arns[of.index] ?? "";
    await control`update control.tenant_databases set app_secret_arn = null where app_secret_arn = ${reference}`;
    await control`update control.tenant_databases set app_secret_arn = ${reference} where tenant_id = ${tenant.tenantId}`;
  }

  #isLent(tenant: Tenant): boolean {
    return [...this.#truths.values()].some(({ swappedWith }) => swappedWith === tenant);
  }

  /** Time enough for everybody to have seen the last change, unless it is to be seen late. */
  async #settle(delayed: boolean): Promise<void> {
    if (!delayed) await this.#world.time.pass(VISIBLE_SECONDS + 1);
  }

  #changed(tenant: Tenant): void {
    this.#truth(tenant).settledAt = this.#world.time.nowMs() + VISIBLE_SECONDS * 1000;
  }

  #disturbed(tenant: Tenant): void {
    this.#truth(tenant).calmAt = this.#world.time.nowMs() + CALM_SECONDS * 1000;
  }

  #restore(tenant: Tenant): Promise<unknown> {
    return this.#world.database(tenant)`select kept.restore()`;
  }

  #requestOf(ask: AskStep): Request {
    const tenant = this.#tenant(ask.tenant);
    const { label, oldLabel } = this.#truth(tenant);
    const route = this.#routes[ask.route % this.#routes.length];
    if (route === undefined) throw new Error("There are no routes.");
    const hosts = { primary: label, old: oldLabel ?? label, nobody: "hakuna-matata" };
    return {
      route,
      tenant,
      host: hosts[ask.address],
      credential: ask.credential,
      other: this.#other(tenant, ask.other),
      known: ask.known,
    };
  }

  #situationOf(request: Request, alone: boolean): Situation {
    const { tenant, host } = request;
    const { label, oldLabel, settledAt, stopped, swappedWith, calmAt } = this.#truth(tenant);
    const now = this.#world.time.nowMs();
    const address = host === label ? "primary" : host === oldLabel ? "old" : "nobody";
    const isChanging = oldLabel !== undefined && now < settledAt && address !== "nobody";
    return {
      standing: this.#standing(tenant),
      address: isChanging ? "changing" : address,
      disturbed: stopped || swappedWith !== undefined || now < calmAt,
      alone,
    };
  }

  #isNobodys(request: Request): boolean {
    return this.#situationOf(request, true).address === "nobody";
  }

  #standing(tenant: Tenant): Standing {
    const { suspended, settledAt } = this.#truth(tenant);
    if (this.#world.time.nowMs() < settledAt) return "either";
    return suspended ? "suspended" : "active";
  }

  #truth(tenant: Tenant): Truth {
    const truth = this.#truths.get(tenant);
    if (truth === undefined) throw new Error("A run begins with begin().");
    return truth;
  }

  #tenant(choice: number): Tenant {
    const { tenants } = this.#world;
    const tenant = tenants[choice % tenants.length];
    if (tenant === undefined) throw new Error("There are no tenants.");
    return tenant;
  }

  #other(tenant: Tenant, choice: number): Tenant {
    const others = this.#world.tenants.filter((one) => one !== tenant);
    return others[choice % others.length] ?? tenant;
  }

  #note(invariant: Invariant, what: string): void {
    this.#found.push({ invariant, what });
  }
}

/** Messages that nobody of ours sent. */
const strangeMessages: readonly QueuedMessage[] = ["tenant-relay", "tenant-mail", "item-imports"].flatMap((queue) =>
  [{}, { tenantId: ids.nobody }, { tenantId: "" }].map((tenant) => ({
    queue,
    body: JSON.stringify({
      ...tenant,
      outboxId: ids.outbox,
      importId: ids.newImport,
      turn: "1",
      template: "sign_in_link",
      linkId: ids.outbox,
    }),
  })),
);

/** What looks like a table in a statement and is one of the pharmacy's. */
const tables = new Set([
  ...["identity", "users", "sessions", "accounts", "verifications", "sign_in_links", "companies", "branches", "outbox"],
  ...["audit_log", "items", "item_imports", "item_import_rejections", "item_import_rows", "item_import_keys"],
  ...["item_import_changes", "import_headings", "api_keys", "user_branch_roles", "role_permissions", "invitations"],
  ...["rate_limits", "two_factors", "recovery_codes", "password_resets", "company_logos", "document_series"],
  ...["setup_steps", "batches", "stock_movements", "stock_balances", "request_quotas"],
]);

/** What a new connection is asked before anybody may use it: whether it answers, and whose its database is. */
const isProof = (text: string): boolean => /^\s*select (1|tenant_id from pharmacy\.identity)\s*$/.test(text);

const canariesIn = (text: string): string[] => [...new Set(text.match(CANARY) ?? [])];

const describe = ({ route, tenant, credential, host }: Request): string =>
  `${nameOf(route)} at ${host} (tenant ${tenant.index}) with ${credential}`;
