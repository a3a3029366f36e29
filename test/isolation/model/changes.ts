import { DRAIN_SECONDS } from "./judge.ts";
import type { Tenant } from "./tenants.ts";
import type { Truths } from "./truths.ts";
import { APPLICATION, type World } from "./world.ts";

/** What happens to pharmacies, done to the world and written down in the truths. */
export class Changes {
  readonly #world: World;
  readonly #truths: Truths;
  #renames = 0;

  constructor(world: World, truths: Truths) {
    this.#world = world;
    this.#truths = truths;
  }

  /** The world as it is at the start of every run. */
  async begin(): Promise<void> {
    const { tenancy, tenants, admin, control, queued, time, statements, heard } = { ...this.#world };
    await tenancy.openTenants.close();
    for (const tenant of tenants) {
      const { tenantId, label } = tenant;
      await admin.unsafe(`alter database ${tenant.database} connection limit -1`);
      await control`update control.tenant_databases set app_secret_arn = null where tenant_id = ${tenantId}`;
      await this.#renewSecret(tenant, tenant);
      await control`delete from control.tenant_hosts where tenant_id = ${tenantId}`;
      await control`
        insert into control.tenant_hosts (host, tenant_id, kind, created_at)
        values (${label}, ${tenantId}, 'primary', now())`;
      await control`update control.tenants set state = 'active' where id = ${tenantId}`;
      this.#truths.begin(tenant);
      await this.restore(tenant);
      await this.#world.database(tenant)`
        update pharmacy.outbox set sent_at = now(), done_at = now() where done_at is null`;
    }
    for (const tenant of tenants) await this.#giveSecret(tenant, tenant);
    queued.length = 0;
    await time.pass(DRAIN_SECONDS);
    heard();
    statements.since(APPLICATION);
  }

  /** Puts back the rows that every run finds. */
  async restore(tenant: Tenant): Promise<void> {
    await this.#world.database(tenant)`select kept.restore()`;
  }

  async suspend(tenant: Tenant, to: boolean | "toggled"): Promise<void> {
    const truth = this.#truths.of(tenant);
    const suspended = to === "toggled" ? !truth.suspended : to;
    if (suspended === truth.suspended) return;
    const state = suspended ? "suspended" : "active";
    await this.#world.control`update control.tenants set state = ${state} where id = ${tenant.tenantId}`;
    truth.suspended = suspended;
    this.#truths.changed(tenant);
  }

  async rename(tenant: Tenant): Promise<void> {
    const { control, time } = this.#world;
    const truth = this.#truths.of(tenant);
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
    this.#truths.changed(tenant);
  }

  /** A swapped secret has another's password, which stays. */
  async rotate(tenant: Tenant): Promise<void> {
    if (this.#truths.of(tenant).swappedWith === undefined && !this.#isLent(tenant)) {
      await this.#renewSecret(tenant, tenant);
    }
  }

  async kill({ app, reader }: Tenant): Promise<void> {
    await this.#world.admin`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename in (${app}, ${reader})`;
    // The process reads what its sockets were told.
    await new Promise((resolve) => setTimeout(resolve, 25));
  }

  async stop(tenant: Tenant, stopped: boolean): Promise<void> {
    const truth = this.#truths.of(tenant);
    if (truth.stopped === stopped) return;
    await this.#world.admin.unsafe(`alter database ${tenant.database} connection limit ${stopped ? 0 : -1}`);
    truth.stopped = stopped;
    // A pharmacy that was given this database meets its fate.
    for (const one of [tenant, ...this.#truths.borrowersOf(tenant)]) this.#truths.disturbed(one);
    if (stopped) await this.kill(tenant);
  }

  /** Two pharmacies get each other's secret, or each other's address in their own. A second swap puts it right again. */
  async swap(tenant: Tenant, other: Tenant, what: "reference" | "address"): Promise<void> {
    const truth = this.#truths.of(tenant);
    if (truth.swappedWith !== undefined) return this.#mend([tenant, truth.swappedWith]);
    if (this.#truths.of(other).swappedWith !== undefined || this.#isLent(tenant) || this.#isLent(other)) return;
    const pairs = [
      [tenant, other],
      [other, tenant],
    ] as const;
    for (const [mine, theirs] of pairs) {
      this.#truths.of(mine).swappedWith = theirs;
      this.#truths.disturbed(mine);
    }
    // Another's address in one's own secret is found by no comparison of secrets: only the database knows whose it is.
    for (const [mine, theirs] of pairs) await this.#renewSecret(mine, what === "address" ? theirs : mine);
    for (const [mine, theirs] of pairs) await this.#giveSecret(mine, what === "address" ? mine : theirs);
  }

  async #mend(swapped: readonly Tenant[]): Promise<void> {
    for (const one of swapped) {
      await this.#renewSecret(one, one);
      await this.#giveSecret(one, one);
      this.#truths.of(one).swappedWith = undefined;
      this.#truths.disturbed(one);
    }
  }

  /** The secret of `tenant`, with the address, the roles and a new password of `of`. */
  async #renewSecret(tenant: Tenant, of: Tenant): Promise<void> {
    await this.#world.storeSecret(tenant, of, await this.#world.newPassword(of));
  }

  /** References are unique, so that a holder loses one before another gets it. */
  async #giveSecret(tenant: Tenant, of: Tenant): Promise<void> {
    const { control, arns } = this.#world;
    const reference = arns[of.index] ?? "";
    await control`update control.tenant_databases set app_secret_arn = null where app_secret_arn = ${reference}`;
    await control`update control.tenant_databases set app_secret_arn = ${reference} where tenant_id = ${tenant.tenantId}`;
  }

  #isLent(tenant: Tenant): boolean {
    return this.#truths.borrowersOf(tenant).length > 0;
  }
}
