import { randomBytes } from "node:crypto";
import { hashKey } from "@pharmasight/core/tenant/api-keys/key";
import type postgres from "postgres";

/** Rows that every pharmacy has under the same id: whatever mixes two up finds something. */
export const ids = {
  owner: "019ab000-0000-7000-8000-0000000000a1",
  cashier: "019ab000-0000-7000-8000-0000000000a2",
  session: "019ab000-0000-7000-8000-0000000000b1",
  cashierSession: "019ab000-0000-7000-8000-0000000000b2",
  headquarters: "019ab000-0000-7000-8000-0000000000c1",
  branch: "019ab000-0000-7000-8000-0000000000c2",
  item: "019ab000-0000-7000-8000-0000000000d1",
  newImport: "019ab000-0000-7000-8000-0000000000e1",
  doneImport: "019ab000-0000-7000-8000-0000000000e2",
  key: "019ab000-0000-7000-8000-0000000000f1",
  invitation: "019ab000-0000-7000-8000-0000000000f2",
  outbox: "019ab000-0000-7000-8000-0000000000f3",
  nobody: "019ab000-0000-7000-8000-00000000ffff",
} as const;

/** Of the logo, the same for every pharmacy, so that its address is, too. */
export const LOGO_DIGEST = "a".repeat(64);

/** What never changes of a pharmacy of the model. */
export interface Tenant {
  readonly index: number;
  readonly tenantId: string;
  readonly database: string;
  readonly app: string;
  readonly reader: string;
  /** Stands in every text of this pharmacy and nowhere else. */
  readonly canary: string;
  /** Label of its address at the start of every run. */
  readonly label: string;
  readonly apiKey: string;
}

export function newTenant(index: number): Tenant {
  const canary = `cnry${randomBytes(6).toString("hex")}`;
  return {
    index,
    tenantId: `019ab000-0000-7000-8000-00000000100${index}`,
    database: `walls_${index}`,
    app: `walls_${index}_app`,
    reader: `walls_${index}_reader`,
    canary,
    label: `dawa-${canary}`,
    apiKey: `ps_${randomBytes(4).toString("hex")}_${randomBytes(32).toString("base64url")}`,
  };
}

/** Tables that outlive a restoring: the audit log is append-only, and messages name rows of the outbox. */
const KEPT = ["identity", "outbox", "audit_log", "rate_limits", "request_quotas"];

/** Puts the rows of a pharmacy into its fresh database, and keeps a copy of them to restore from. */
export async function seed(sql: postgres.Sql, tenant: Tenant, all: readonly Tenant[]): Promise<void> {
  const { canary: c } = tenant;
  const stamps = "now(), now()";
  const csv = `Name,Unit,Price\nAmoxicillin ${c} 250 mg,capsule,10\nIbuprofen ${c} 400 mg,tablet,x\n`;
  await sql.unsafe(`
    set search_path = pharmacy;
    insert into companies (name, currency, time_zone, legal_name, tax_id, phone, email, address, created_at, updated_at)
      values ('${c} pharmacy', 'KES', 'Africa/Nairobi', '${c} Ltd', '${c}', '${c}', '${c}@example.com', '${c} Road', ${stamps});
    insert into branches (id, code, name, is_headquarters, address, phone, created_at, updated_at) values
      ('${ids.headquarters}', 'HQ', '${c} main', true, '${c} Road', '${c}', ${stamps}),
      ('${ids.branch}', 'B2', '${c} second', false, '${c} Road', '${c}', ${stamps});
    insert into users (id, name, email, email_verified, role, created_at, updated_at) values
      ('${ids.owner}', 'Amina ${c}', 'amina.${c}@example.com', true, 'owner', ${stamps}),
      ('${ids.cashier}', 'Otieno ${c}', 'otieno.${c}@example.com', true, 'cashier', ${stamps});
    insert into sessions (id, user_id, token, expires_at, user_agent, created_at, updated_at) values
      ('${ids.session}', '${ids.owner}', 'one', now() + interval '20 years', '${c}', ${stamps}),
      ('${ids.cashierSession}', '${ids.cashier}', 'two', now() + interval '20 years', '${c}', ${stamps});
    insert into items (id, sku, name, generic_name, brand_names, strength, form, barcode, base_unit, retail_price,
      tax_class, created_at, updated_at)
      values ('${ids.item}', 'SKU-${c}', 'Paracetamol ${c}', '${c}', '${c}', '${c}', '${c}', '${c}', 'tablet', 5,
        'zero_rated', ${stamps});
    insert into item_imports (id, file_name, content, file_digest, options, state, turn, hinted_at, stage_started_at,
      created_by, created_at)
      values ('${ids.newImport}', '${c}.csv', convert_to('${csv}', 'UTF8'), '${"b".repeat(64)}', '{}', 'waiting', 1, now(),
        now(), '${ids.owner}', now());
    insert into item_imports (id, file_name, options, state, turn, format, header_row, header, rows_total, rows_read,
      rows_rejected, created_by, created_at, started_at, finished_at)
      values ('${ids.doneImport}', 'done-${c}.csv', '{}', 'done', 4, 'csv', 1, '["Name"]', 1, 1, 1, '${ids.owner}', now(),
        now(), now());
    insert into item_import_rejections (import_id, row_number, reason, cells)
      values ('${ids.doneImport}', 2, 'Not ${c}.', '["${c}"]');
    insert into company_logos (content, content_type, digest, updated_at)
      values (convert_to('${c}', 'UTF8'), 'image/png', '${LOGO_DIGEST}', now());
    insert into invitations (id, name, email, role, expires_at, invited_by, created_at, sent_at)
      values ('${ids.invitation}', 'Wanjiru ${c}', 'wanjiru.${c}@example.com', 'cashier', now() + interval '20 years',
        '${ids.owner}', now(), now());
    insert into audit_log (id, at, actor_kind, actor_id, action, reason, after)
      values ('${ids.item}', now(), 'member', '${ids.owner}', 'item.created', '${c}', '{"name": "${c}"}');
  `);
  // The keys of all, as a database that was copied has them: their hashes name the pharmacy that they are for.
  for (const one of all) {
    const id = one.index === tenant.index ? ids.key : ids.key.replace(/..$/, `0${one.index}`);
    await sql`
      insert into api_keys (id, name, prefix, key_hash, scopes, created_by, created_at)
      values (${id}, ${`Till ${c}`}, ${one.apiKey.slice(0, 11)}, ${hashKey(one.tenantId, one.apiKey)},
        ${["items:read", "items:write"]}, ${ids.owner}, now())`;
  }
  const kept = KEPT.map((name) => `'${name}'`).join(", ");
  await sql.unsafe(`
    create schema kept;
    do $$ declare t text; begin
      for t in select tablename from pg_tables where schemaname = 'pharmacy' and tablename not in (${kept}) loop
        execute format('create table kept.%I as table pharmacy.%I', t, t);
      end loop;
    end $$;
    create function kept.restore() returns void language plpgsql as $$
    declare t text; columns text; begin
      set local session_replication_role = replica;
      delete from pharmacy.rate_limits;
      for t in select tablename from pg_tables where schemaname = 'kept' loop
        select string_agg(format('%I', column_name), ', ') into columns from information_schema.columns
          where table_schema = 'pharmacy' and table_name = t and is_generated = 'NEVER';
        execute format('delete from pharmacy.%I', t);
        execute format('insert into pharmacy.%I (%s) select %s from kept.%I', t, columns, columns, t);
      end loop;
    end $$;
  `);
}
