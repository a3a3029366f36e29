import type { Situation, Standing } from "./expectations.ts";
import type { Request } from "./requests.ts";
import type { Tenant } from "./tenants.ts";
import type { World } from "./world.ts";

/** What the model knows of a pharmacy. */
export interface Truth {
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

export type Standings = ReadonlyMap<Tenant, Standing>;

/** How late a change may be seen. */
export const VISIBLE_SECONDS = 10;
/** After a refused credential nobody tries for 30 s. */
const CALM_SECONDS = 31;

/** What the model knows of all pharmacies, by the time of the process under test. */
export class Truths {
  readonly #time: World["time"];
  readonly #truths = new Map<Tenant, Truth>();

  constructor({ time }: Pick<World, "time">) {
    this.#time = time;
  }

  /** Of a pharmacy that nothing has happened to. */
  begin(tenant: Tenant): void {
    this.#truths.set(tenant, {
      suspended: false,
      label: tenant.label,
      oldLabel: undefined,
      settledAt: 0,
      stopped: false,
      swappedWith: undefined,
      calmAt: 0,
    });
  }

  of(tenant: Tenant): Truth {
    const truth = this.#truths.get(tenant);
    if (truth === undefined) throw new Error("A run begins with begin().");
    return truth;
  }

  changed(tenant: Tenant): void {
    this.of(tenant).settledAt = this.#time.nowMs() + VISIBLE_SECONDS * 1000;
  }

  disturbed(tenant: Tenant): void {
    this.of(tenant).calmAt = this.#time.nowMs() + CALM_SECONDS * 1000;
  }

  /** Who was given this pharmacy's secret or address. */
  borrowersOf(tenant: Tenant): Tenant[] {
    return [...this.#truths].flatMap(([one, { swappedWith }]) => (swappedWith === tenant ? [one] : []));
  }

  standings(): Standings {
    return new Map([...this.#truths.keys()].map((tenant) => [tenant, this.#standing(tenant)]));
  }

  /** What pharmacies were all through a step that began with `before`: whoever changed was either. */
  standingsSince(before: Standings): Standings {
    const now = this.standings();
    return new Map(
      [...now].map(([tenant, standing]) => [tenant, before.get(tenant) === standing ? standing : "either"]),
    );
  }

  /** @param alone whether no other request of the same moment may change what this one finds */
  situationOf({ tenant, host }: Request, alone: boolean): Situation {
    const { label, oldLabel, settledAt, stopped, swappedWith, calmAt } = this.of(tenant);
    const now = this.#time.nowMs();
    const address = host === label ? "primary" : host === oldLabel ? "old" : "nobody";
    const isChanging = oldLabel !== undefined && now < settledAt && address !== "nobody";
    return {
      standing: this.#standing(tenant),
      address: isChanging ? "changing" : address,
      disturbed: stopped || swappedWith !== undefined || now < calmAt,
      alone,
    };
  }

  #standing(tenant: Tenant): Standing {
    const { suspended, settledAt } = this.of(tenant);
    if (this.#time.nowMs() < settledAt) return "either";
    return suspended ? "suspended" : "active";
  }
}
