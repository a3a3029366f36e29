import { randomBytes, randomInt } from "node:crypto";
import type { Clock } from "@pharmasight/core/kernel/clock";
import * as z from "zod";
import { openStateFile, type StateFile } from "./state-file.ts";
import type { ProjectDatabases } from "./supabase-databases.ts";

const projectSchema = z.object({
  ref: z.string(),
  name: z.string(),
  region: z.string(),
  size: z.string(),
  createdAt: z.iso.datetime(),
  /** Whether the database behind it exists. */
  built: z.boolean(),
  /** What becomes of it instead of a healthy project. */
  fate: z.enum(["init-failed", "stuck"]).optional(),
  /** Until when it is still listed after its deletion. */
  goneFrom: z.iso.datetime().optional(),
});
type Project = z.infer<typeof projectSchema>;
/** A project as the stand-in keeps it. */
export type SupabaseProject = Readonly<Project>;

const stateSchema = z.object({ token: z.string(), projects: z.array(projectSchema) });

export type ProjectStatus = "UNKNOWN" | "COMING_UP" | "ACTIVE_HEALTHY" | "INIT_FAILED" | "GOING_DOWN";
/** `init-failed`: Supabase gives up making it. `stuck`: it never leaves COMING_UP. */
export type ProjectFate = "init-failed" | "stuck";

/** The pooler learns of a database after the database is up. */
const POOLER_WAIT_FACTOR = 1.2;
/** The share of the wait in which Supabase does not know the status of a new project. */
const UNKNOWN_SHARE = 0.3;
const REF_LENGTH = 20;

/** The projects of the one organization, their databases made in the background and their status told by the clock. */
export class Projects {
  readonly #state: StateFile<z.infer<typeof stateSchema>>;
  readonly #databases: ProjectDatabases;
  readonly #clock: Clock;
  readonly #waitSeconds: number;
  readonly #building = new Map<string, Promise<void>>();
  #lastBuild: Promise<void> = Promise.resolve();
  #fates: ProjectFate[] = [];
  #removalSeconds = 0;

  /** @throws Error when `file` is not readable */
  constructor(file: string, databases: ProjectDatabases, clock: Clock, waitSeconds: number) {
    const token = `sbp_${randomBytes(20).toString("hex")}`;
    this.#state = openStateFile(file, stateSchema, { token, projects: [] });
    this.#databases = databases;
    this.#clock = clock;
    this.#waitSeconds = waitSeconds;
    for (const project of this.#state.value.projects) this.#build(project);
  }

  /** Of the Management API, made on the first start. */
  get token(): string {
    return this.#state.value.token;
  }

  list(): readonly SupabaseProject[] {
    const now = this.#clock.now().toISOString();
    return this.#state.value.projects.filter(({ goneFrom }) => goneFrom === undefined || goneFrom > now);
  }

  /** What becomes of the next projects, one each. */
  foretell(...fates: readonly ProjectFate[]): void {
    this.#fates.push(...fates);
  }

  /** How long a project is still listed as GOING_DOWN after its deletion. */
  slowRemoval(seconds: number): void {
    this.#removalSeconds = seconds;
  }

  find(ref: string): SupabaseProject | undefined {
    return this.list().find((project) => project.ref === ref);
  }

  /** Makes a project, also when there is one of this name: the API has no idempotency key. */
  async create(input: Pick<Project, "name" | "region" | "size"> & { readonly password: string }): Promise<Project> {
    const { password, ...wanted } = input;
    const letter = () => String.fromCharCode("a".charCodeAt(0) + randomInt(26));
    const ref = Array.from({ length: REF_LENGTH }, letter).join("");
    // The owner first: its password is kept by Postgres only, and an owner without a project harms nobody.
    await this.#databases.createOwner(ref, password);
    const fate = this.#fates.shift();
    const createdAt = this.#clock.now().toISOString();
    const project = { ...wanted, ref, createdAt, built: false, ...(fate === undefined ? {} : { fate }) };
    this.#state.value.projects.push(project);
    this.#state.save();
    this.#build(project);
    return project;
  }

  async remove(ref: string): Promise<void> {
    await this.#building.get(ref);
    await this.#databases.drop(ref);
    const { projects } = this.#state.value;
    const goneFrom = new Date(this.#clock.now().getTime() + this.#removalSeconds * 1000).toISOString();
    this.#state.value.projects =
      this.#removalSeconds === 0
        ? projects.filter((project) => project.ref !== ref)
        : projects.map((project) => (project.ref === ref ? { ...project, goneFrom } : project));
    this.#state.save();
  }

  status(project: SupabaseProject): ProjectStatus {
    if (project.goneFrom !== undefined) return "GOING_DOWN";
    const seconds = this.#ageSeconds(project);
    if (seconds < this.#waitSeconds * UNKNOWN_SHARE) return "UNKNOWN";
    if (project.fate !== undefined) return project.fate === "stuck" ? "COMING_UP" : "INIT_FAILED";
    return project.built && seconds >= this.#waitSeconds ? "ACTIVE_HEALTHY" : "COMING_UP";
  }

  isPoolerUp(project: SupabaseProject): boolean {
    const isHealthy = this.status(project) === "ACTIVE_HEALTHY";
    return isHealthy && this.#ageSeconds(project) >= this.#waitSeconds * POOLER_WAIT_FACTOR;
  }

  /** Returns when no database is being made any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#building.values());
  }

  #ageSeconds(project: SupabaseProject): number {
    return (this.#clock.now().getTime() - Date.parse(project.createdAt)) / 1000;
  }

  /**
   * One database at a time, whatever the rush. A project whose database cannot be made stays COMING_UP until the next
   * start, as happens at Supabase.
   */
  #build(project: Project): void {
    if (project.built || project.goneFrom !== undefined) return;
    const building = this.#lastBuild
      .then(() => this.#databases.createDatabase(project.ref))
      .then(() => {
        project.built = true;
        this.#state.save();
      })
      .catch((error: unknown) => console.error(`The database of project ${project.ref} was not made:`, error))
      .finally(() => this.#building.delete(project.ref));
    this.#building.set(project.ref, building);
    this.#lastBuild = building;
  }
}
