import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import type { MigrationFacts } from "../../ports/schemas.ts";
import { ControlAudit } from "../audit/audit.ts";
import { reasonOfOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";

/** What runs, or did: one release of the code. */
export interface Release {
  readonly name: string;
  readonly channel: "stable" | "next";
  /** The newest tenant schema that its code knows. */
  readonly schemaKnown: number;
  /** The oldest that it can work with. */
  readonly schemaRequired: number;
  readonly announcedAt: Date;
  readonly retiredAt: Date | null;
}

/** What a release says of itself. */
export interface Announcement extends Pick<Release, "name" | "channel" | "schemaKnown" | "schemaRequired"> {
  /** Migrations that it comes with and that take a shape away: an older release does not know them. */
  readonly contracts?: readonly Contract[];
}

export interface Contract {
  readonly version: number;
  readonly name: string;
  /** The schema version that all code must know where it was carried out. */
  readonly codeKnows: number;
}

/** So long requests and jobs of a release may still run that gets no new ones. */
const LAST_WORK_SECONDS = 15 * MINUTE_SECONDS;

/**
 * Says that a release runs from now on, before it gets its first request; again for one that was retired and is back.
 * @returns how many pharmacies have a schema older than it knows, and how many it cannot serve until theirs is newer
 * @throws DomainError `invalid_input` when it requires more than it knows, `conflict` when a pharmacy has lost a shape that
 * it needs: nothing of the release may be deployed then
 */
export async function announceRelease(
  control: ControlScope,
  release: Announcement,
): Promise<{ readonly behind: number; readonly closed: number }> {
  const { schemaKnown, schemaRequired, contracts = [] } = release;
  if (schemaRequired > schemaKnown) throw invalidInput("A release cannot require a schema that it does not know.");
  return control.tx(async (tx) => {
    const announcedAt = tx.clock.now();
    const { name, channel } = release;
    await keepContracts(tx, contracts);
    await requireShapes(tx, release);
    await tx.db
      .insertInto("releases")
      .values({ name, channel, schemaKnown, schemaRequired, announcedAt })
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet({ channel, schemaKnown, schemaRequired, announcedAt, retiredAt: null }),
      )
      .execute();
    await ControlAudit.append(tx, {
      action: "release.announced",
      after: { name, channel, schemaKnown, schemaRequired },
    });
    const { behind, closed } = await tx.db
      .selectFrom("tenants")
      .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
      .select((e) => [
        e.fn.countAll<string>().filterWhere("schemaVersion", "<", schemaKnown).as("behind"),
        e.fn.countAll<string>().filterWhere("schemaVersion", "<", schemaRequired).as("closed"),
      ])
      .where("state", "not in", ["provisioning", "provisioning_failed", "closed"])
      .executeTakeFirstOrThrow();
    return { behind: Number(behind), closed: Number(closed) };
  });
}

/**
 * Says that a release gets no more requests. What it began may take a while: it counts for a quarter of an hour more.
 * @throws DomainError `not_found`, `conflict` when it is retired already
 */
export async function retireRelease(control: ControlScope, name: string, reason: string): Promise<void> {
  const why = reasonOfOperator({ reason });
  await control.tx(async (tx) => {
    const retiredAt = tx.clock.now();
    const release = await tx.db
      .selectFrom("releases")
      .select("retiredAt")
      .where("name", "=", name)
      .forUpdate()
      .executeTakeFirst();
    if (release === undefined) throw notFound(`release as ${name}`);
    if (release.retiredAt !== null) throw new DomainError("conflict", `${name} is retired already.`);
    await tx.db.updateTable("releases").set({ retiredAt }).where("name", "=", name).execute();
    await ControlAudit.append(tx, { action: "release.retired", reason: why, after: { name } });
  });
}

async function keepContracts(tx: ControlScope, contracts: readonly Contract[]): Promise<void> {
  for (const { version, name, codeKnows } of contracts) {
    await tx.db
      .insertInto("contracts")
      .values({ version, name, codeKnows })
      .onConflict((conflict) => conflict.column("version").doUpdateSet({ name, codeKnows }))
      .execute();
  }
}

/** A contract has no way back, so that code of before it has none either. */
async function requireShapes(tx: ControlScope, { name, schemaKnown }: Announcement): Promise<void> {
  const lost = await tx.db
    .selectFrom("contracts")
    .select(["contracts.name", "codeKnows"])
    .where("codeKnows", ">", schemaKnown)
    .where((e) =>
      e.or([
        e.exists(
          e
            .selectFrom("tenants")
            .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
            .select("tenants.id")
            .whereRef("tenants.schemaVersion", ">=", "contracts.version"),
        ),
        e.exists(
          e
            .selectFrom("deploymentTargets")
            .select("tenantId")
            .where("state", "=", "running")
            .whereRef("toVersion", ">=", "contracts.version")
            .whereRef("fromVersion", "<", "contracts.version"),
        ),
      ]),
    )
    .orderBy("contracts.version")
    .executeTakeFirst();
  if (lost === undefined) return;
  throw new DomainError(
    "conflict",
    `${lost.name} was carried out: what release ${name} needs is gone from pharmacies' databases. Code has to know ` +
      `version ${lost.codeKnows} of the schema, and this one knows ${schemaKnown}: deploy a newer one.`,
  );
}

const RELEASES_MAX = 100;

/** The newest first. */
export function releases(control: ControlScope): Promise<readonly Release[]> {
  return control.db
    .selectFrom("releases")
    .selectAll()
    .orderBy("announcedAt", "desc")
    .orderBy("name")
    .limit(RELEASES_MAX)
    .execute();
}

/**
 * Why the contracts among some migrations may not run now: code that is live, or was a moment ago, still needs what they
 * take away, or nobody said what code is live.
 */
export async function contractRefusal(
  control: ControlScope,
  migrations: readonly MigrationFacts[],
): Promise<string | undefined> {
  const contracts = migrations.filter(({ phase }) => phase === "contract");
  if (contracts.length === 0) return undefined;
  const live = await control.db
    .selectFrom("releases")
    .select(["name", "schemaKnown"])
    .where((e) =>
      e.or([e("retiredAt", "is", null), e("retiredAt", ">", secondsAfter(control.clock.now(), -LAST_WORK_SECONDS))]),
    )
    .orderBy("schemaKnown")
    .orderBy("name")
    .execute();
  const [oldest] = live;
  if (oldest === undefined) return "No release has said which schema it knows, so no contract may run.";
  const refused = contracts.find(({ codeKnows }) => oldest.schemaKnown < (codeKnows ?? Number.POSITIVE_INFINITY));
  if (refused === undefined) return undefined;
  return (
    `${refused.name} takes away what release ${oldest.name} needs: that one knows version ${oldest.schemaKnown}, and ` +
    `all code must know version ${refused.codeKnows ?? "unknown"}. Retire it, and wait a quarter of an hour.`
  );
}
