/** What must not compile. Each line below an expectation is a way in that would bypass the doors. */
import type { ControlScope } from "@pharmasight/core/control/scope";
import type { ControlTables } from "@pharmasight/core/control/tables.generated";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import type { ApiKey, Member, Operator, Visitor } from "@pharmasight/core/tenant/actors";
import { ApiKeys } from "@pharmasight/core/tenant/api-keys/api-keys";
import type { TenantConnection } from "@pharmasight/core/tenant/connection";
import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { Items } from "@pharmasight/core/tenant/items/items";
import { type Tenancy, TenantScope } from "@pharmasight/core/tenant/scope";
import type { Kysely } from "kysely";

declare const tenancy: Tenancy;
declare const control: ControlScope;
declare const controlDb: Kysely<ControlTables>;
declare const connection: TenantConnection;
declare const visitor: TenantScope<Visitor>;
declare const operator: TenantScope<Operator>;
declare const member: TenantScope<Member>;
declare const program: TenantScope<ApiKey>;

export async function mustNotCompile(): Promise<void> {
  // @ts-expect-error a scope is made by a door, not by hand
  new TenantScope(tenancy, undefined, undefined, { kind: "job", name: "x" });
  // @ts-expect-error nor written as a literal
  const literal: TenantScope<Member> = {
    actor: member.actor,
    tenant: member.tenant,
    clock: member.clock,
    db: member.db,
  };
  // @ts-expect-error the control plane's scope opens no pharmacy
  await Items.count(control);
  // @ts-expect-error a visitor has not signed in
  await Items.count(visitor);
  // @ts-expect-error an operator reads, and never through an operation that a member writes with
  await Items.create(operator, {});
  // @ts-expect-error a key makes no further keys
  await ApiKeys.issue(program, { name: "x", scopes: [], expiresInDays: null });
  // @ts-expect-error nor ends any
  await ApiKeys.revoke(program, "x");
  // @ts-expect-error nor shows them
  await ApiKeys.list(program);
  // @ts-expect-error a key changes nothing about people
  await Sessions.endOthers(program);
  // @ts-expect-error an operation serves keys only when it says so
  await Imports.recent(program);
  // @ts-expect-error a pharmacy's query builder knows no tables of the control plane
  member.db.selectFrom("tenants");
  // @ts-expect-error the control plane's knows no tables of a pharmacy
  controlDb.selectFrom("items");
  // @ts-expect-error a connection does not show its database
  connection.db;
  // @ts-expect-error a door wants to know who is at it
  await TenantScope.forMember(tenancy, "alfa");
  await Items.list(program);
  await Items.create(program, { name: "x", baseUnit: "tablet" });
  return void literal;
}
