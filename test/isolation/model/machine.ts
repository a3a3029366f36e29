import { Changes } from "./changes.ts";
import { recordOf, strangeMessages } from "./deliveries.ts";
import { DRAIN_SECONDS, describe, Judge } from "./judge.ts";
import { type Request, type Route, routesOf, send } from "./requests.ts";
import type { AskStep, Step } from "./steps.ts";
import { ids, type Tenant } from "./tenants.ts";
import { Truths, VISIBLE_SECONDS } from "./truths.ts";
import { APPLICATION, type QueuedMessage, type World } from "./world.ts";

/** Later than the process believes what it last heard of the registry. */
const CHECK_SECONDS = 6;
/** Later than anything is kept. */
const EVICTED_SECONDS = 301;

/** Runs steps against the world, and has everything judged after each. */
export class Machine {
  readonly judge: Judge;
  readonly routes: readonly Route[];
  readonly #world: World;
  readonly #truths: Truths;
  readonly #changes: Changes;
  #messages = 0;
  /** How many of the registry's answers a change has overtaken. */
  answersOvertaken = 0;

  constructor(world: World) {
    this.routes = routesOf(world);
    this.#world = world;
    this.#truths = new Truths(world);
    this.#changes = new Changes(world, this.#truths);
    this.judge = new Judge(world, this.#truths);
  }

  /** The world as it is at the start of every run. */
  begin(): Promise<void> {
    return this.#changes.begin();
  }

  /** @throws Violation with everything that is broken after the step */
  async run(step: Step): Promise<void> {
    await this.#do(step);
    if (step.kind === "pass" && step.seconds >= DRAIN_SECONDS) await this.#countConnections();
    this.judge.conclude();
  }

  async #do(step: Step): Promise<void> {
    const { time } = this.#world;
    const changes = this.#changes;
    switch (step.kind) {
      case "ask":
        return this.#ask([step]);
      case "burst":
        return this.#ask(step.asks);
      case "overtake":
        return this.#ask(step.asks, () => changes.suspend(this.#tenant(step.tenant), "toggled"));
      case "lag":
        return this.#lag(step.asks, this.#tenant(step.tenant));
      case "enqueue":
        return this.#enqueue(this.#tenant(step.tenant));
      case "consume":
        return this.#consume(step.picks, step.strangers);
      case "suspend":
      case "resume":
        await changes.suspend(this.#tenant(step.tenant), step.kind === "suspend");
        return this.#settle(step.delayed);
      case "rename":
        await changes.rename(this.#tenant(step.tenant));
        return this.#settle(step.delayed);
      case "rotate":
        return changes.rotate(this.#tenant(step.tenant));
      case "kill":
        return changes.kill(this.#tenant(step.tenant));
      case "stop":
      case "start":
        return changes.stop(this.#tenant(step.tenant), step.kind === "stop");
      case "swap": {
        const tenant = this.#tenant(step.tenant);
        await changes.swap(tenant, this.#other(tenant, step.other), step.what);
        return this.#settle(false);
      }
      case "evict":
        return time.pass(EVICTED_SECONDS);
      case "freeze":
        time.freeze(step.seconds);
        return;
      case "pass":
        return time.pass(step.seconds);
    }
  }

  /** @param meanwhile what happens once all were sent */
  async #ask(asks: readonly AskStep[], meanwhile?: () => Promise<void>): Promise<void> {
    const { statements, heard } = this.#world;
    const before = this.#truths.standings();
    const sent = asks.map(async (ask) => {
      const request = this.#requestOf(ask);
      const situation = this.#truths.situationOf(request, asks.length === 1);
      const reply = await send(this.#world, request).catch((error: unknown) => {
        this.judge.note("closed", `${describe(request)} threw ${String(error)}`);
        return undefined;
      });
      return { request, situation, reply };
    });
    await meanwhile?.();
    const all = await Promise.all(sent);
    const standings = this.#truths.standingsSince(before);
    this.judge.requests(all, statements.since(APPLICATION), { sayings: heard(), standings });
    const changed = all.filter(({ request, reply }) => request.route.method !== "GET" && (reply?.status ?? 0) < 400);
    for (const tenant of new Set(changed.map(({ request }) => request.tenant))) await this.#changes.restore(tenant);
  }

  /** The registry has answered, a change is committed, and only then do the answers arrive. */
  async #lag(asks: readonly AskStep[], tenant: Tenant): Promise<void> {
    const { registryWire, time } = this.#world;
    time.freeze(CHECK_SECONDS);
    registryWire.keep();
    try {
      await this.#ask(asks, async () => {
        // Time for questions to be answered; whoever asks later hears of the change.
        await new Promise((resolve) => setTimeout(resolve, 20));
        await this.#changes.suspend(tenant, "toggled");
        this.answersOvertaken += registryWire.release();
      });
    } finally {
      registryWire.release();
    }
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
    const { workers, tenants, statements, heard } = this.#world;
    const before = this.#truths.standings();
    const records = batch.map((message) => {
      this.#messages += 1;
      return recordOf(message, `walls-message-${this.#messages}`);
    });
    const failed = await workers[queue]?.({ Records: records }).catch((error: unknown) => {
      this.judge.note("closed", `the worker of ${queue} threw ${String(error)}`);
    });
    const order = batch.map(({ body }) => {
      const { tenantId } = JSON.parse(body) as { tenantId?: string };
      return tenants.find((one) => one.tenantId === tenantId);
    });
    const refused = new Set((failed?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
    for (const [index, { messageId, body }] of records.entries()) {
      if (order[index] === undefined && !refused.has(messageId)) {
        this.judge.note("closed", `${body} was taken from ${queue}, though it names no pharmacy`);
      }
    }
    const standings = this.#truths.standingsSince(before);
    this.judge.batch(queue, order, statements.since(APPLICATION), { sayings: heard(), standings });
    for (const tenant of new Set(order)) if (tenant !== undefined) await this.#changes.restore(tenant);
  }

  async #countConnections(): Promise<void> {
    const open = await this.#world.admin<{ database: string; count: number }[]>`
      select datname as database, count(*)::int as count from pg_stat_activity
      where application_name like ${`${APPLICATION}%`} group by datname`;
    this.judge.connections(open);
  }

  /** Time enough for everybody to have seen the last change, unless it is to be seen late. */
  async #settle(delayed: boolean): Promise<void> {
    if (!delayed) await this.#world.time.pass(VISIBLE_SECONDS + 1);
  }

  #requestOf(ask: AskStep): Request {
    const tenant = this.#tenant(ask.tenant);
    const { label, oldLabel } = this.#truths.of(tenant);
    const route = this.routes[ask.route % this.routes.length];
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
}
