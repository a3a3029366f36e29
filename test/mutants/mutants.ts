/**
 * Planted bugs: each one takes away a single thing that keeps pharmacies apart, in the real source, and names the tests
 * that have to notice. `find` stands exactly once in its file, which `list.test.ts` checks, so that the list stays true
 * while the code changes. A new wall gets a mutant here; one that lives wants a test, not a weaker mutant.
 */
export interface Mutant {
  readonly name: string;
  /** What the bug does, in one sentence. */
  readonly breaks: string;
  readonly file: string;
  /** The exact text, once in the file. */
  readonly find: string;
  readonly replacement: string;
  readonly killers: Killers;
}

/** Test files, and the part of their tests' names that is enough; absent: all of their tests. */
export interface Killers {
  readonly files: readonly string[];
  readonly name?: string;
}

const doors: Killers = { files: ["test/isolation/doors.test.ts"] };
const edge: Killers = { files: ["test/isolation/edge.test.ts"] };
const workers: Killers = { files: ["test/isolation/workers.test.ts"] };
const databases: Killers = { files: ["test/isolation/databases.test.ts"] };
const openTenants: Killers = { files: ["test/tenant/open-tenants.test.ts"] };
const names: Killers = {
  files: ["packages/core/registry/hostnames.test.ts", "packages/core/registry/subdomains.test.ts"],
};
const apiKeys: Killers = { files: ["test/tenant/api-keys.test.ts"], name: "the door" };
const modulePages: Killers = { files: ["test/tenant/module-pages.test.ts"] };
const quotas: Killers = { files: ["test/tenant/quotas.test.ts"] };
const requestLimits: Killers = { files: ["test/tenant/request-limits.test.ts"] };
const tenantDatabases: Killers = { files: ["test/postgres/tenant-databases.test.ts"] };
const roles: Killers = { files: ["test/postgres/tenant-setup.test.ts"], name: "role cannot" };
const limits: Killers = { files: ["test/tenant/limits.test.ts", "test/tenant/states.test.ts"] };
const stacks: Killers = { files: ["test/stacks/stacks.test.ts"] };

const SCOPE = "packages/core/tenant/scope.ts";
const ADMISSION = "packages/core/tenant/admission.ts";
const LIMITS = "packages/core/tenant/limits/limits.ts";
const OPEN_TENANTS = "packages/core/tenant/open-tenants.ts";
const HOSTNAMES = "packages/core/registry/hostnames.ts";
const DOOR = "packages/functions/tenant/door.ts";
const FORMS = "packages/functions/tenant/forms.ts";
const LAMBDA = "packages/functions/http/lambda.ts";
const POOL = "packages/adapters/postgres/pool.ts";
const TENANT_DATABASES = "packages/adapters/postgres/tenant-databases.ts";
const MIGRATIONS = "packages/adapters/migrations/migrations.generated.ts";

const hosts: readonly Mutant[] = [
  {
    name: "host-forwarded",
    breaks: "A header that anybody can write decides which pharmacy a request is for.",
    file: LAMBDA,
    find: "hostOf(event.headers.host, rootHost)",
    replacement: 'hostOf(event.headers["x-forwarded-host"] ?? event.headers.host, rootHost)',
    killers: edge,
  },
  {
    name: "host-cache-without-host",
    breaks: "What the first request's host meant is taken for every later one's.",
    file: LAMBDA,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    find: "const key = `${header} ${rootHost}`;",
    replacement: "const key = rootHost;",
    killers: edge,
  },
  {
    name: "host-suffix-without-dot",
    breaks: "A domain of somebody else that ends like ours passes for a pharmacy's address.",
    file: HOSTNAMES,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    find: "if (!host.endsWith(`.${rootHost}`))",
    replacement: "if (!host.endsWith(rootHost))",
    killers: names,
  },
  {
    name: "host-subdomain-of-pharmacy",
    breaks: "Any name below a pharmacy's address is the pharmacy's too.",
    file: HOSTNAMES,
    find: "Subdomains.check(host.slice(0, -rootHost.length - 1))",
    replacement: 'Subdomains.check(host.slice(0, -rootHost.length - 1).split(".").at(-1) ?? "")',
    killers: names,
  },
  {
    name: "host-reserved-allowed",
    breaks: "A pharmacy can be called admin, or anything else that means us.",
    file: "packages/core/registry/subdomains.ts",
    find: "if (looksReserved(label)) {",
    replacement: "if (looksReserved(label) && false) {",
    killers: names,
  },
  {
    name: "host-claims-ignored",
    breaks: "A request that names another pharmacy than its address does is served.",
    file: DOOR,
    find: "if (claimed.some((value) => value !== entry.tenantId && value !== entry.primaryHost)) {",
    replacement: "if (claimed.length > 99) {",
    killers: edge,
  },
  {
    name: "host-session-claim-ignored",
    breaks: "A session that was carried to another pharmacy's address is not noticed there.",
    file: DOOR,
    find: "return [ofToken, ...ofHeaders]",
    replacement: "return [...ofHeaders]",
    killers: edge,
  },
  {
    name: "rename-never-ends",
    breaks: "An old name leads to the pharmacy for ever, also after somebody else may have it.",
    file: DOOR,
    find: 'if (entry.hostUntil === null || entry.hostUntil <= tenancy.clock.now()) throw notFound("page");',
    replacement: "",
    killers: edge,
  },
  {
    name: "rename-old-name-enters",
    breaks: "An old name opens the pharmacy instead of leading to its new address.",
    file: SCOPE,
    find: 'if (found.entry.hostKind === "redirect") throw notFound("address");',
    replacement: "",
    killers: doors,
  },
];

const sessions: readonly Mutant[] = [
  {
    name: "session-claim-unchecked",
    breaks: "A session's token opens a pharmacy that it does not name.",
    file: SCOPE,
    find: "if (claims === undefined || claims.tenantId !== open.entry.tenantId) throw signInFirst();",
    replacement: "if (claims === undefined) throw signInFirst();",
    killers: doors,
  },
  {
    name: "session-unverified",
    breaks: "A session's token is believed without its signature.",
    file: "packages/core/tenant/sessions/tokens.ts",
    find: "claimsSchema.safeParse(Signed.read(token, key), UNCOMPILED)",
    replacement: "claimsSchema.safeParse(key && Signed.readUnverified(token), UNCOMPILED)",
    killers: doors,
  },
  {
    name: "key-without-tenant",
    breaks: "Every pharmacy's tokens are signed with the same key.",
    file: "packages/core/kernel/tokens.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    find: "`pharmasight:${purpose}:${subject}`",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    replacement: "`pharmasight:${purpose}:${subject && 1}`",
    killers: doors,
  },
  {
    name: "key-without-purpose",
    breaks: "A token that was made for one purpose is good for every other one.",
    file: "packages/core/kernel/tokens.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    find: "`pharmasight:${purpose}:${subject}`",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    replacement: "`pharmasight:${purpose && 1}:${subject}`",
    killers: doors,
  },
  {
    name: "sessions-known-to-all",
    breaks: "A session that was seen alive at one pharmacy is believed at every other one.",
    file: OPEN_TENANTS,
    find: "readonly sessions = new KnownSessions();",
    replacement: "static readonly all = new KnownSessions();\n  readonly sessions = OpenTenant.all;",
    killers: doors,
  },
  {
    name: "session-believed-for-ever",
    breaks: "A session that ended elsewhere goes on in a process that has seen it.",
    file: "packages/core/tenant/sessions/known-sessions.ts",
    find: "now < secondsAfter(known.seenAt, SEEN_SECONDS) &&",
    replacement: "",
    killers: { files: ["test/tenant/sessions.test.ts"], name: "elsewhere within ten seconds" },
  },
  {
    name: "session-written-back",
    breaks: "A look that was under way brings back a session that has been forgotten.",
    file: "packages/core/tenant/sessions/known-sessions.ts",
    find: "if (forgotten === this.#forgotten) this.#seen",
    replacement: "if (forgotten <= this.#forgotten) this.#seen",
    killers: doors,
  },
  {
    name: "reset-token-unchecked",
    breaks: "The id of a reset is as good as the link that was mailed.",
    file: "packages/core/tenant/accounts/password-resets.ts",
    find: "if (!id.success || !equalInConstantTime(token, await tokenOf(tenant, id.data))) return undefined;",
    replacement: "if (!id.success) return undefined;",
    killers: { files: ["test/tenant/password-resets.test.ts"] },
  },
  {
    name: "cookie-for-all-hosts",
    breaks: "A session's cookie is sent to every pharmacy's address.",
    file: "packages/functions/tenant/cookies.ts",
    find: 'setCookie(c, name, token, { ...attributes, prefix: "host" });',
    replacement: 'setCookie(c, name, token, { ...attributes, secure: true, domain: "pharmasight.example" });',
    killers: edge,
  },
];

const forms: readonly Mutant[] = [
  {
    name: "form-token-of-nobody",
    breaks: "One form token is good for every session of a pharmacy.",
    file: FORMS,
    find: 'hmac(await tenant.key("form"), tenant.actor.sessionId)',
    replacement: 'hmac(await tenant.key("form"), "")',
    killers: edge,
  },
  {
    name: "form-token-unchecked",
    breaks: "A form is taken with whatever token it carries.",
    file: FORMS,
    find: 'if (!equalInConstantTime(form.text("formToken"), await formToken(tenant))) {',
    replacement: 'if (form.text("formToken") === "x") {',
    killers: edge,
  },
  {
    name: "form-of-any-origin",
    breaks: "A form of any other site is taken, another pharmacy's too.",
    file: "packages/functions/http/same-origin.ts",
    find: "origin === ownOrigin(new URL(c.req.url).hostname) || allowed().includes(origin)",
    replacement: "origin !== ownOrigin(new URL(c.req.url).hostname) || allowed().length >= 0",
    killers: edge,
  },
];

const lifecycle: readonly Mutant[] = [
  {
    name: "suspended-members-enter",
    breaks: "People of a suspended pharmacy change its records.",
    file: SCOPE,
    find: "requireAct(open.entry, act);\n    if (token === undefined) throw signInFirst();",
    replacement: "if (token === undefined) throw signInFirst();",
    killers: doors,
  },
  {
    name: "suspended-programs-enter",
    breaks: "Programs of a suspended pharmacy change its records.",
    file: SCOPE,
    find: "requireAct(open.entry, act);\n    if (!isKeyShaped(key)) throw keyRefused();",
    replacement: "if (!isKeyShaped(key)) throw keyRefused();",
    killers: doors,
  },
  {
    name: "suspended-jobs-run",
    breaks: "Work on a suspended pharmacy's records goes on in the background.",
    file: SCOPE,
    find: "requireOpen(open.entry, tenancy.schema);\n    requireAct(open.entry, act);",
    replacement: "requireOpen(open.entry, tenancy.schema);",
    killers: doors,
  },
  {
    name: "closed-enters",
    breaks: "A closed pharmacy's database is opened.",
    file: ADMISSION,
    find: 'if (entry.state === "closed") throw notFound("address");',
    replacement: "",
    killers: doors,
  },
  {
    name: "closed-told-apart",
    breaks: "The refusal tells that there was a pharmacy at this address.",
    file: ADMISSION,
    find: 'if (entry.state === "closed") throw notFound("address");',
    replacement: 'if (entry.state === "closed") throw new DomainError("forbidden", "This pharmacy is closed.");',
    killers: doors,
  },
  {
    name: "half-made-enters",
    breaks: "A database is opened before it is known to be the pharmacy's.",
    file: ADMISSION,
    find: 'entry.state === "provisioning" || entry.state === "provisioning_failed" || ',
    replacement: "",
    killers: doors,
  },
  {
    name: "suspended-import-works",
    breaks: "The records of a suspended pharmacy change behind its back.",
    file: "packages/functions/tenant/workers/import-items.ts",
    find: '"import-items", "work"',
    replacement: '"import-items", "sign_in"',
    killers: { files: ["test/isolation/walls.test.ts"], name: "import rest" },
  },
  {
    name: "items-page-without-module",
    breaks: "The pages of a module that the plan has not are open.",
    file: "packages/functions/tenant/app/pages.tsx",
    find: 'for (const path of ["/items", "/items/*"]) app.use',
    replacement: 'for (const path of ["/nothing"]) app.use',
    killers: modulePages,
  },
  {
    name: "keys-page-without-module",
    breaks: "API keys are made without their module.",
    file: "packages/functions/tenant/app/pages.tsx",
    find: 'app.use("/settings/api-keys/*", requireModule("api_access", "read_records"));',
    replacement: "",
    killers: modulePages,
  },
  {
    name: "items-api-without-module",
    breaks: "The API of a module that the plan has not is open.",
    file: "packages/functions/tenant/app/api-app.ts",
    find: 'for (const path of ["/api/v1/items", "/api/v1/items/*"]) apiApp.use',
    replacement: 'for (const path of ["/api/v1/nothing"]) apiApp.use',
    killers: modulePages,
  },
  {
    name: "old-schema-enters",
    breaks: "Code runs against a database that it does not understand.",
    file: ADMISSION,
    find: "if (entry.schemaVersion === null || entry.schemaVersion < schema.required) {",
    replacement: "if (entry.schemaVersion === null) {",
    killers: doors,
  },
  {
    name: "grant-never-ends",
    breaks: "A module that was granted for a time stays for ever.",
    file: "packages/core/registry/entitlements/entitlements.ts",
    find: "expiresAt === null || expiresAt > at;",
    replacement: "expiresAt === null || expiresAt > new Date(0) || expiresAt > at;",
    killers: doors,
  },
  {
    name: "api-module-not-needed",
    breaks: "API keys work without the module.",
    file: SCOPE,
    find: 'requireModule(open.entry, "api_access", act, now);',
    replacement: 'requireModule(open.entry, key === "" ? "api_access" : "inventory", act, now);',
    killers: apiKeys,
  },
];

const plans: readonly Mutant[] = [
  {
    name: "suspended-forms-are-reading",
    breaks: "Whatever a suspended pharmacy's people send is taken for reading.",
    file: DOOR,
    find: 'c.req.method === "GET" || c.req.method === "HEAD" ? "read_records" : "work"',
    replacement: 'c.req.method !== "" ? "read_records" : "work"',
    killers: { files: ["test/isolation/refusals.test.ts"], name: "suspension" },
  },
  {
    name: "suspended-reading-writes",
    breaks: "A page that is only looked at can change a suspended pharmacy's records.",
    file: SCOPE,
    find: 'any.setAccessMode("read only")',
    replacement: "any",
    killers: limits,
  },
  {
    name: "limit-without-lock",
    breaks: "Two who come at once both take the last room.",
    file: LIMITS,
    find: "await lock(tx, limit);",
    replacement: "",
    killers: limits,
  },
  {
    name: "limit-lock-shared",
    breaks: "Those who add at once count side by side, and none sees what another has not committed yet.",
    file: LIMITS,
    find: "select pg_advisory_xact_lock(",
    replacement: "select pg_advisory_xact_lock_shared(",
    killers: limits,
  },
  {
    name: "limit-forgotten-on-restoring",
    breaks: "What was archived comes back beyond what the plan has room for.",
    file: "packages/core/tenant/branches/branches.ts",
    find: 'if (branch.archivedAt === null) return;\n    await Limits.takeRoom(tx, "branches");',
    replacement: "if (branch.archivedAt === null) return;",
    killers: limits,
  },
  {
    name: "grace-lets-grow",
    breaks: "People are added while a payment is overdue.",
    file: "packages/core/registry/entitlements/entitlements.ts",
    find: 'everything.filter((one) => one !== "grow")',
    replacement: "everything",
    killers: { files: ["packages/core/registry/entitlements/entitlements.test.ts"] },
  },
];

const handedOver: readonly Mutant[] = [
  {
    name: "homeless-change-unseen",
    breaks: "An address that was given to another pharmacy leads to the old one until its entry grows old.",
    file: "packages/core/registry/registry.ts",
    find: '.selectFrom("changes")',
    replacement: '.selectFrom("entries")',
    killers: tenantDatabases,
  },
  {
    name: "refusal-forgotten",
    breaks: "A password that is refused is tried with each request, until the pooler shuts everybody out.",
    file: TENANT_DATABASES,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    find: "refusal: refusalOf(`${entry.appSecretArn} ${role}`),",
    replacement: "refusal: undefined,",
    killers: tenantDatabases,
  },
];

const callers: readonly Mutant[] = [
  {
    name: "people-not-counted",
    breaks: "A person's program that runs wild takes the whole pharmacy's share.",
    file: DOOR,
    find: "await countRequest(c, tenant);\n  if (token !== undefined)",
    replacement: "if (token !== undefined)",
    killers: requestLimits,
  },
  {
    name: "programs-not-counted",
    breaks: "A program may ask as often as it likes.",
    file: DOOR,
    find: "await countRequest(c, tenant);\n    return tenant;",
    replacement: "return tenant;",
    killers: requestLimits,
  },
  {
    name: "strangers-not-counted",
    breaks: "Whoever has not signed in may ask as often as they like.",
    file: DOOR,
    find: "await countRequest(c, tenant);\n  return tenant;",
    replacement: "return tenant;",
    killers: requestLimits,
  },
];

const caches: readonly Mutant[] = [
  {
    name: "registry-cache-without-host",
    breaks: "Whichever pharmacy was asked for first answers at every address.",
    file: OPEN_TENANTS,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    find: "this.#find(`host:${host}`,",
    replacement: 'this.#find("host:",',
    killers: doors,
  },
  {
    name: "registry-cache-without-id",
    breaks: "Whichever pharmacy a worker was asked for first gets every message.",
    file: OPEN_TENANTS,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    find: "this.#find(`id:${tenantId}`,",
    replacement: 'this.#find("id:",',
    killers: workers,
  },
  {
    name: "open-tenant-shared",
    breaks: "Pharmacies share one open tenant and all that is known of it.",
    file: OPEN_TENANTS,
    find: "const known = this.#tenants.get(entry.tenantId);",
    replacement: "const known = [...this.#tenants.values()].at(0);",
    killers: doors,
  },
  {
    name: "role-shared",
    breaks: "Support reads with whatever connection was opened before: one that may write.",
    file: OPEN_TENANTS,
    find: "const known = this.#connections.get(role);",
    replacement: "const known = this.#connections.get(role) ?? [...this.#connections.values()].at(0);",
    killers: doors,
  },
  {
    name: "stale-write-back",
    breaks: "A look at the registry that a change overtook is kept for minutes.",
    file: OPEN_TENANTS,
    find: "if (generation !== this.#generation) return entry;",
    replacement: "if (generation > this.#generation) return entry;",
    killers: openTenants,
  },
  {
    name: "invalidation-ignored",
    breaks: "A changed pharmacy's entry is not dropped.",
    file: OPEN_TENANTS,
    find: "if (tenantIds.has(entry.tenantId)) this.#entries.delete(key);",
    replacement: "if (tenantIds.has(key)) this.#entries.delete(key);",
    killers: openTenants,
  },
  {
    name: "counter-ignored",
    breaks: "A change of the registry's counter drops nothing.",
    file: OPEN_TENANTS,
    find: "if (changes.version !== this.#version) this.#drop(new Set(changes.tenantIds));",
    replacement: "",
    killers: openTenants,
  },
  {
    name: "counter-never-looked-at",
    breaks: "Only the first request of a process looks whether anything has changed.",
    file: OPEN_TENANTS,
    find: "this.#triedAt === undefined || now - this.#triedAt > this.#options.checkSeconds * 1000",
    replacement: "this.#triedAt === undefined || now < this.#triedAt",
    killers: openTenants,
  },
  {
    name: "missing-for-ever",
    breaks: "An address that nobody had is unknown for as long as the process lives.",
    file: OPEN_TENANTS,
    find: "max: 10_000, ttl: MISSING_TTL_MS",
    replacement: "max: 10_000, ttl: MISSING_TTL_MS * 1e6",
    killers: doors,
  },
  {
    name: "grace-without-end",
    breaks: "While the control database is silent, suspended pharmacies are served for ever.",
    file: OPEN_TENANTS,
    find: "this.#options.clock.now().getTime() - this.#checkedAt <= limitMs;",
    replacement: "this.#options.clock.now().getTime() - this.#checkedAt <= limitMs * 1e6;",
    killers: openTenants,
  },
  {
    name: "quotas-shared",
    breaks: "One pharmacy's flood uses up another one's requests.",
    file: OPEN_TENANTS,
    find: "readonly quotas = new KnownQuotas();",
    replacement: "static readonly counted = new KnownQuotas();\n  readonly quotas = OpenTenant.counted;",
    killers: doors,
  },
  {
    name: "quota-of-no-key",
    breaks: "All of a pharmacy's programs count as one key.",
    file: "packages/core/tenant/quotas/quotas.ts",
    find: "subject: actor.keyId",
    replacement: 'subject: ""',
    killers: quotas,
  },
  {
    name: "quota-of-no-network",
    breaks: "Strangers of every network count as one.",
    file: "packages/core/tenant/quotas/quotas.ts",
    find: "subject: networkOf(actor.sourceIp)",
    replacement: 'subject: networkOf("")',
    killers: quotas,
  },
];

const keys: readonly Mutant[] = [
  {
    name: "api-key-without-tenant",
    breaks: "A key's row that was copied into another database opens that one too.",
    file: "packages/core/tenant/api-keys/key.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    find: "hashToken(`${tenantId}:${key}`)",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    replacement: "hashToken(`${tenantId && 1}:${key}`)",
    killers: apiKeys,
  },
  {
    name: "api-key-believed-for-ever",
    breaks: "A key that was revoked elsewhere goes on in a process that has seen it.",
    file: "packages/core/tenant/api-keys/known-keys.ts",
    find: "known !== undefined && now < secondsAfter(known.seenAt, SEEN_SECONDS)",
    replacement: "known !== undefined",
    killers: apiKeys,
  },
  {
    name: "api-key-written-back",
    breaks: "A look that was under way brings back a key that has been revoked.",
    file: "packages/core/tenant/api-keys/known-keys.ts",
    find: "if (revocations === this.#revocations)",
    replacement: "if (revocations <= this.#revocations)",
    killers: doors,
  },
];

const messages: readonly Mutant[] = [
  {
    name: "worker-keeps-tenant",
    breaks: "A message that names no pharmacy is worked on for the one before it.",
    file: "packages/functions/tenant/workers/relay-outbox.ts",
    find: "z.object({ tenantId: z.uuid() }),",
    replacement:
      "z.object({ tenantId: z.uuid().optional() }).transform(({ tenantId }) => ({ tenantId: (((globalThis as any).last = tenantId ?? (globalThis as any).last) as string) })),",
    killers: workers,
  },
  {
    name: "worker-keeps-scope",
    breaks: "A warm worker does everything in the scope of the first pharmacy that it served.",
    file: "packages/functions/tenant/workers/relay-outbox.ts",
    find: 'const tenant = await TenantScope.forJob(tenancy, message.tenantId, "relay-outbox", "sign_in");',
    replacement:
      'const tenant = ((globalThis as any).kept ??= await TenantScope.forJob(tenancy, message.tenantId, "relay-outbox", "sign_in"));',
    killers: workers,
  },
  {
    name: "message-forged-by-payload",
    breaks: "What a pharmacy records can name another pharmacy to the control plane.",
    file: "packages/core/ports/outbox.ts",
    find: "{ ...Effects.payloadOf(row), outboxId: row.id, ...stamp }",
    replacement: "{ outboxId: row.id, ...stamp, ...Effects.payloadOf(row) }",
    killers: doors,
  },
  {
    name: "message-without-tenant",
    breaks: "A pharmacy's messages do not say whose they are.",
    file: SCOPE,
    find: "const stamp = { tenantId: this.tenant.tenantId };",
    replacement: "const stamp = {};",
    killers: doors,
  },
  {
    name: "hint-without-tenant",
    breaks: "What a process could not send is looked for in nobody's outbox.",
    file: SCOPE,
    find: '"tenant-relay", { tenantId: this.tenant.tenantId }',
    replacement: '"tenant-relay", {}',
    killers: doors,
  },
  {
    name: "event-changes-everybody",
    breaks: "What one pharmacy tells of itself becomes every pharmacy's name and owner.",
    file: "packages/core/control/tenants/events.ts",
    find: '.where("id", "=", event.tenantId)\n    .where("state", "<>", "closed")',
    replacement: '.where("state", "<>", "closed")',
    killers: { files: ["test/control/tenant-events.test.ts"] },
  },
];

const connections: readonly Mutant[] = [
  {
    name: "pool-shared",
    breaks: "The first pharmacy's pool serves every other one.",
    file: TENANT_DATABASES,
    find: "return new TenantConnection(entry.tenantId, database);",
    replacement: "return new TenantConnection(entry.tenantId, ((globalThis as any).pool ??= database));",
    killers: databases,
  },
  {
    name: "identity-unchecked",
    breaks: "A database that says it is another pharmacy's is served.",
    file: TENANT_DATABASES,
    find: "if (identity?.tenant_id !== entry.tenantId) throw",
    replacement: "if (identity === undefined) throw",
    killers: databases,
  },
  {
    name: "identity-asked-once",
    breaks: "Only the first connection of a pharmacy is asked whose database it reached.",
    file: POOL,
    find: "await this.#prove(client);",
    replacement: "if (this.#all.size === 0) await this.#prove(client);",
    killers: databases,
  },
  {
    name: "secret-of-another",
    breaks: "A secret that says it is another pharmacy's is used.",
    file: TENANT_DATABASES,
    find: "if (secret.tenantId !== entry.tenantId) throw mismatch(log, entry.tenantId, secret.tenantId);",
    replacement: "",
    killers: databases,
  },
  {
    name: "secret-reread-unchecked",
    breaks: "A secret that is read again after a new password is not asked whose it is.",
    file: TENANT_DATABASES,
    find: "if (refresh) secret = await readSecret(entry);",
    replacement: 'if (refresh) secret = parseSecret(appSecretSchema, await secrets.read(entry.appSecretArn ?? ""));',
    killers: databases,
  },
  {
    name: "reader-writes",
    breaks: "Whoever may only read gets the credential that writes.",
    file: TENANT_DATABASES,
    find: "return secret[role];",
    replacement: "return secret.app;",
    killers: databases,
  },
  {
    name: "operator-writes",
    breaks: "Support enters with the connection that writes.",
    file: SCOPE,
    find: 'await open.connection("reader")',
    replacement: 'await open.connection("app")',
    killers: doors,
  },
  {
    name: "server-unverified",
    breaks: "Any server that answers is taken for the pharmacy's.",
    file: "packages/adapters/postgres/client.ts",
    find: "return { ca, rejectUnauthorized: true, host,",
    replacement: "return { ca, rejectUnauthorized: false as true, host,",
    killers: { files: ["test/postgres/tls.test.ts"] },
  },
];

const rights: readonly Mutant[] = [
  {
    name: "branches-unscoped",
    breaks: "A person sees the stock of branches that are not theirs.",
    file: "packages/core/tenant/stock/item-stock.ts",
    find: 'if (visible !== "all") query = query.where("stockBalances.branchId", "in", visible);',
    replacement: "",
    killers: { files: ["test/tenant/stock.test.ts"], name: "only the branches" },
  },
  {
    name: "role-changes-identity",
    breaks: "The credential of requests can say that a database is another pharmacy's.",
    file: MIGRATIONS,
    find: '"revoke select on api_keys from pharmacy_reader"',
    replacement: '"revoke select on api_keys from pharmacy_reader", "grant update on identity to pharmacy_app"',
    killers: roles,
  },
  {
    name: "registry-reader-reads-control",
    breaks: "The tenant plane can read every pharmacy's owner in the control plane's tables.",
    file: MIGRATIONS,
    find: '"grant select on registry.entries, registry.counter to registry_reader"',
    replacement:
      '"grant select on registry.entries, registry.counter to registry_reader", "grant usage on schema control to registry_reader", "grant select on control.tenants to registry_reader"',
    killers: databases,
  },
  {
    name: "requests-read-control-database",
    breaks: "The functions that serve pharmacies can read the control plane's credential.",
    file: "stacks/access.ts",
    find: 'settings: "tenant",\n  readsSecrets: ["registry-database", "signing-key"],',
    replacement: 'settings: "tenant",\n  readsSecrets: ["registry-database", "signing-key", "control-database"],',
    killers: stacks,
  },
  {
    name: "requests-read-owner",
    breaks: "The functions that serve pharmacies can read the credential that owns their databases.",
    file: "stacks/permissions.ts",
    find: 'case "read-app":\n      return ["app"];',
    replacement: 'case "read-app":\n      return ["app", "owner"];',
    killers: stacks,
  },
];

const paying: readonly Mutant[] = [
  {
    name: "pays-for-another",
    breaks: "Somebody of one pharmacy may act on the subscription of another, if its id is handed over.",
    file: "packages/core/control/tenants/acting.ts",
    find: 'actor.kind !== "member" || actor.tenantId === tenantId',
    replacement: 'actor.kind !== "visitor" || actor.requestId === tenantId',
    killers: { files: ["test/control/billing/checkouts.test.ts"], name: "another pharmacy" },
  },
  {
    name: "anybody-pays",
    breaks: "Everybody who may sign in changes the plan, sees its invoices and opens the page for paying.",
    file: "packages/functions/tenant/billing/desk.ts",
    find: 'Permissions.requireEverywhere(tenant.actor, "billing.manage");',
    replacement: 'Permissions.may(tenant.actor, "billing.manage");',
    killers: { files: ["test/tenant/billing-pages.test.ts"], name: "without the permission" },
  },
];

export const mutants: readonly Mutant[] = [
  ...hosts,
  ...sessions,
  ...forms,
  ...lifecycle,
  ...plans,
  ...handedOver,
  ...callers,
  ...caches,
  ...keys,
  ...messages,
  ...connections,
  ...rights,
  ...paying,
];
