import { DomainError } from "../../kernel/errors.ts";
import { withLogFields } from "../../kernel/log.ts";
import { sqlStateOf } from "../../kernel/sqlstate.ts";
import type { SchemaDifference, SchemaLead, SchemaOutcome } from "../../ports/schemas.ts";
import type { OwnerSecret } from "../../ports/tenant-setup.ts";
import { reasonOf } from "../provisioning/attempts.ts";
import { readOwnerSecret } from "../provisioning/credentials.ts";
import type { ControlScope } from "../scope.ts";
import { type Claim, claimTarget, extendLease, type Pace } from "./claims.ts";
import { differencesBetween, unnamedDifference } from "./differences.ts";
import type { FleetPorts } from "./ports.ts";
import { recordOutcome } from "./recording.ts";

type LeadingPorts = Pick<FleetPorts, "schemas" | "secrets">;

/** A hint, and the worker that got it. */
export interface LeadHint {
  readonly deploymentId: string;
  readonly tenantId: string;
  /** Milliseconds that are left to this worker. */
  readonly timeLeftMs: () => number;
  /** Between two signs of life, default 20 seconds. */
  readonly heartbeatMs?: number;
}

const HEARTBEAT_MS = 20_000;

/**
 * Leads the schema of one tenant where its deployment wants it, if that is to be done now and nobody else is at it:
 * otherwise it does nothing, so hints may come twice, late or never. What fails is recorded and tried again later.
 * @throws whatever the control database throws: nothing is recorded then, and the hint may come again
 */
export async function lead(control: ControlScope, ports: LeadingPorts, given: LeadHint): Promise<void> {
  const claim = await claimTarget(control, ports.schemas.migrations, given);
  if (claim === undefined) return;
  await withLogFields({ jobId: claim.deploymentId, tenantId: claim.tenantId }, async () => {
    const { outcome, drift } = await work(control, ports, claim, given);
    await recordOutcome(control, claim, outcome, drift);
  });
}

interface Result {
  readonly outcome: SchemaOutcome;
  readonly drift: readonly SchemaDifference[];
}

async function work(
  control: ControlScope,
  { schemas, secrets }: LeadingPorts,
  claim: Claim,
  { timeLeftMs, heartbeatMs = HEARTBEAT_MS }: LeadHint,
): Promise<Result> {
  const kept = new KeptLead(control, claim, heartbeatMs, timeLeftMs);
  try {
    const owner = await ownerOf(claim, secrets);
    const outcome = await (claim.work.kind === "repair"
      ? schemas.repair(owner, claim.work.repair, kept)
      : schemas.lead(owner, claim.work.toVersion, kept));
    if (outcome.kind !== "reached") return { outcome, drift: [] };
    return { outcome, drift: await driftOf(control, schemas, owner, outcome) };
  } catch (error) {
    control.log.error("migration failed unforeseen", error, { deploymentId: claim.deploymentId });
    return { outcome: failureOf(error), drift: [] };
  } finally {
    await kept.end();
  }
}

/** The lead over one schema, with its signs of life. */
class KeptLead implements SchemaLead {
  readonly deploymentId: string;
  readonly fence: string;
  readonly mayGoDown: boolean;
  readonly #control: ControlScope;
  readonly #claim: Claim;
  readonly #timeLeftMs: () => number;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #leaseUntil: Date;
  #pace: Pace;
  /** Paused, halted or abandoned meanwhile. */
  #isStopping = false;
  #beat: Promise<void> = Promise.resolve();

  constructor(control: ControlScope, claim: Claim, heartbeatMs: number, timeLeftMs: () => number) {
    this.deploymentId = claim.deploymentId;
    this.fence = claim.fence;
    this.mayGoDown = claim.work.kind === "lead" && claim.work.isWayBack;
    this.#control = control;
    this.#claim = claim;
    this.#timeLeftMs = timeLeftMs;
    this.#leaseUntil = claim.leaseUntil;
    this.#pace = claim.pace;
    this.#timer = setInterval(() => {
      this.#beat = this.#extend();
    }, heartbeatMs);
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  timeLeftMs(): number {
    return this.#timeLeftMs();
  }

  isStopping(): boolean {
    return this.#isStopping;
  }

  /** What it was before when the control database does not answer: a batch more does no harm. */
  async pace(): Promise<{ readonly batchSize: number; readonly delayMs: number }> {
    await this.#attempt(async () => {
      const now = await this.#control.db
        .selectFrom("deployments")
        .select(["batchSize", "batchDelayMs", "state"])
        .where("id", "=", this.deploymentId)
        .executeTakeFirstOrThrow();
      this.#pace = now;
      this.#isStopping = now.state !== "running";
    });
    return { batchSize: this.#pace.batchSize, delayMs: this.#pace.batchDelayMs };
  }

  async progressed(rowsDone: number): Promise<void> {
    await this.#attempt(async () => {
      await this.#control.db
        .updateTable("deploymentTargets")
        .set({ rowsDone: String(rowsDone) })
        .where("deploymentId", "=", this.deploymentId)
        .where("tenantId", "=", this.#claim.tenantId)
        .where("fence", "=", this.fence)
        .where("state", "=", "running")
        .execute();
    });
  }

  /** No more signs of life; one that is under way is waited for. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beat;
  }

  async #extend(): Promise<void> {
    await this.#attempt(async () => {
      const kept = await extendLease(this.#control, this.#claim);
      if (kept === undefined) {
        this.#lost.abort();
        return;
      }
      this.#leaseUntil = kept.leaseUntil;
      this.#isStopping = kept.state !== "running";
    });
    // Unheard for as long as the lease was, somebody else may have it.
    if (this.#control.clock.now() > this.#leaseUntil) this.#lost.abort();
  }

  async #attempt(run: () => Promise<void>): Promise<void> {
    await run().catch((error: unknown) => this.#control.log.warn("no sign of life", { error: String(error) }));
  }
}

function ownerOf({ ownerSecretArn }: Claim, secrets: LeadingPorts["secrets"]): Promise<OwnerSecret> {
  if (ownerSecretArn !== null) return readOwnerSecret(secrets, ownerSecretArn);
  throw new DomainError("conflict", "This pharmacy has no database any more, or nobody knows its owner's password.");
}

/** Named object by object, when there is anything: only then is the database looked at once more. */
async function driftOf(
  control: ControlScope,
  schemas: LeadingPorts["schemas"],
  owner: OwnerSecret,
  { version, fingerprint }: Extract<SchemaOutcome, { kind: "reached" }>,
): Promise<readonly SchemaDifference[]> {
  const expected = schemas.expected(version);
  if (fingerprint === expected.hash) return [];
  try {
    const sight = await schemas.look(owner);
    const found = differencesBetween(expected, sight.fingerprint);
    return found.length === 0 ? [unnamedDifference] : found;
  } catch (error) {
    control.log.warn("a schema that differs was not looked at", { error: String(error) });
    return [unnamedDifference];
  }
}

function failureOf(error: unknown): SchemaOutcome {
  return {
    kind: "failed",
    version: undefined,
    message: reasonOf(error),
    sqlState: sqlStateOf(error),
    isConnection: error instanceof DomainError && error.code === "unavailable",
    migration: undefined,
    statement: undefined,
    blocker: undefined,
  };
}
