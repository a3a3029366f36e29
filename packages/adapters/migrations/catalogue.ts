import type { Plane } from "./migration.ts";

/**
 * The queries behind fingerprints. Postgres itself writes the definitions, with qualified names, because the search path
 * is empty meanwhile. None has an OID, the number of a column or the order of columns in it.
 */

export const SCHEMAS: Readonly<Record<Plane, readonly string[]>> = {
  control: ["control", "registry"],
  tenant: ["pharmacy"],
};

/** The executor's own tables: made by it, not by migrations. */
const BOOKKEEPING = ["schema_migrations", "schema_fence", "schema_steps", "schema_repairs"];

/** One row of `hash`. */
export const hashQuery = (plane: Plane): string => fingerprintQuery(plane, "");

/** One row of `hash` and `objects`: hashes by name, null when there is none. */
export const objectsQuery = (plane: Plane): string =>
  fingerprintQuery(plane, ", (select jsonb_object_agg(name, hash) from hashed) as objects");

/** Rows of `oid`, `name` and `bytes` with indexes and TOAST: of tables, without the executor's own. */
export const tablesQuery = (plane: Plane): string => `
  select c.oid::text, n.nspname || '.' || c.relname as name, pg_total_relation_size(c.oid)::text as bytes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in (${list(SCHEMAS[plane])}) and c.relkind in ('r', 'm') and c.relname not in (${list(BOOKKEEPING)})
  order by n.nspname, c.relname`;

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");

/** A role by its name, but the schema's owner as `owner`: each tenant has another. `place` has its OID. */
const roleName = (oid: string, place: string): string =>
  `case ${oid} when 0 then 'public' when ${place}.owner then 'owner' else pg_get_userbyid(${oid}) end`;

/** Told only where it is another than the schema's. */
const otherOwner = (oid: string): string =>
  `case when ${oid} <> s.owner then pg_get_userbyid(${oid}) end as other_owner`;

/** `grantee` and `privileges` of an access list, one row for each grantee. */
const grants = (acl: string): string => `
  lateral (
    select e.grantee, string_agg(e.privilege_type || case when e.is_grantable then '*' else '' end, ' '
      order by e.privilege_type) as privileges
    from aclexplode(${acl}) e group by e.grantee
  ) g`;

const isOfExtension = (catalogue: string, oid: string): string =>
  `exists (select from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

/** Schemas, then what is in them: relations, their columns, functions and types. */
const sources = (plane: Plane): string => `
  s as materialized (
    select n.oid, n.nspname::text as name, n.nspowner as owner, n.nspacl as acl
    from place, pg_namespace n where place.path is not null and n.nspname in (${list(SCHEMAS[plane])})
  ), c as materialized (
    select c.*, s.name as schema, s.name || '.' || c.relname as name, s.owner, ${otherOwner("c.relowner")}
    from s join pg_class c on c.relnamespace = s.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S') and c.relname not in (${list(BOOKKEEPING)})
      and not ${isOfExtension("pg_class", "c.oid")}
  ), a as materialized (
    select a.*, c.relkind, c.owner, c.name || '.' || a.attname as name
    -- Column by column through the index: there are ten times as many in the system's own tables.
    from c cross join lateral (
      select * from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped offset 0) a
  ), f as materialized (
    select p.*, s.name || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name, s.owner,
      ${otherOwner("p.proowner")}
    from s join pg_proc p on p.pronamespace = s.oid where not ${isOfExtension("pg_proc", "p.oid")}
  ), t as materialized (
    select t.*, s.name || '.' || t.typname as name, s.owner, ${otherOwner("t.typowner")}
    from s join pg_type t on t.typnamespace = s.oid
    where t.typtype in ('e', 'd', 'r') and not ${isOfExtension("pg_type", "t.oid")}
  )`;

/** Each gives a name, as an operator reads it, and the text that is hashed. */
const OBJECTS: readonly string[] = [
  "select 'schema ' || s.name, '' from s",

  // Tables, views and composite types.
  `select case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'c' then 'type '
      when 'f' then 'foreign table ' else 'table ' end || c.name,
    row(c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.other_owner,
      (select string_agg(o, ' ' order by o) from unnest(c.reloptions) o),
      case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
      case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
      (select string_agg(i.inhparent::regclass::text, ' ' order by i.inhparent::regclass::text)
        from pg_inherits i where i.inhrelid = c.oid))::text
  from c where c.relkind <> 'S'`,

  // Those of views are in the view's definition.
  `select 'column ' || a.name,
    row(format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(e.adbin, e.adrelid),
      case when a.attcollation <> t.typcollation then a.attcollation::regcollation end,
      case when a.attstorage <> t.typstorage then a.attstorage end, a.attcompression)::text
  from a join pg_type t on t.oid = a.atttypid
    left join pg_attrdef e on e.adrelid = a.attrelid and e.adnum = a.attnum
  where a.relkind in ('r', 'p', 'f', 'c')`,

  // Not-null is told by the column: constraints for it are new in Postgres 18. Constraint triggers are triggers.
  `select 'constraint ' || c.name || '.' || k.conname,
    row(pg_get_constraintdef(k.oid), k.convalidated, k.connoinherit)::text
  from c join pg_constraint k on k.conrelid = c.oid where k.contype not in ('n', 't')`,

  // Those of constraints are told by them. Operator classes without their schema: an extension may be in any.
  `select 'index ' || c.schema || '.' || x.relname,
    row(regexp_replace(pg_get_indexdef(i.indexrelid), '\\w+\\.(\\w+_ops)\\M', '\\1', 'g'),
      i.indisvalid, i.indisready, i.indisclustered, i.indisreplident)::text
  from c join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid
  where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))`,

  `select 'trigger ' || c.name || '.' || g.tgname, row(pg_get_triggerdef(g.oid), g.tgenabled)::text
  from c join pg_trigger g on g.tgrelid = c.oid where not g.tgisinternal`,

  `select 'rule ' || c.name || '.' || r.rulename, row(pg_get_ruledef(r.oid), r.ev_enabled)::text
  from c join pg_rewrite r on r.ev_class = c.oid where r.rulename <> '_RETURN'`,

  `select 'policy ' || c.name || '.' || p.polname,
    row(p.polcmd, p.polpermissive, pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid),
      (select string_agg(${roleName("r", "c")}, ' ' order by ${roleName("r", "c")}) from unnest(p.polroles) r))::text
  from c join pg_policy p on p.polrelid = c.oid`,

  `select 'statistics ' || s.name || '.' || x.stxname, pg_get_statisticsobjdef(x.oid)
  from s join pg_statistic_ext x on x.stxnamespace = s.oid`,

  // Without the value that it has reached.
  `select 'sequence ' || c.name,
    row(format_type(q.seqtypid, null), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle,
      c.relpersistence, c.other_owner,
      (select a.name from pg_depend d join a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')))::text
  from c join pg_sequence q on q.seqrelid = c.oid`,

  // With its security, its settings and its body.
  `select 'function ' || f.name,
    row(case when f.prokind = 'a' then (select g::text from pg_aggregate g where g.aggfnoid = f.oid)
      else pg_get_functiondef(f.oid) end, f.other_owner)::text
  from f`,

  `select 'type ' || t.name,
    row(t.typtype, t.other_owner,
      (select string_agg(quote_literal(l.enumlabel), ', ' order by l.enumsortorder) from pg_enum l where l.enumtypid = t.oid),
      case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end, t.typnotnull, t.typdefault,
      (select string_agg(k.conname || ' ' || pg_get_constraintdef(k.oid), ', ' order by k.conname)
        from pg_constraint k where k.contypid = t.oid and k.contype <> 'n'),
      (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = t.oid))::text
  from t`,

  // Those that our schemas hold or need. What belongs to an extension is the extension's.
  `select 'extension ' || e.extname, ''
  from pg_extension e
  where e.extnamespace in (select oid from s)
    or exists (
      select from pg_depend m join pg_depend u on u.refclassid = m.classid and u.refobjid = m.objid
        join pg_class x on u.classid = 'pg_class'::regclass and x.oid = u.objid
      where m.refclassid = 'pg_extension'::regclass and m.refobjid = e.oid and m.deptype = 'e'
        and x.relnamespace in (select oid from s))`,

  `select 'grant schema ' || s.name || ' to ' || ${roleName("g.grantee", "s")}, g.privileges
  from s, ${grants("coalesce(s.acl, acldefault('n', s.owner))")}`,

  `select 'grant ' || c.name || ' to ' || ${roleName("g.grantee", "c")}, g.privileges
  from c, ${grants("coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::\"char\", c.relowner))")}
  where c.relkind <> 'c'`,

  `select 'grant ' || a.name || ' to ' || ${roleName("g.grantee", "a")}, g.privileges
  from a, ${grants("a.attacl")} where a.attacl is not null`,

  `select 'grant ' || f.name || ' to ' || ${roleName("g.grantee", "f")}, g.privileges
  from f, ${grants("coalesce(f.proacl, acldefault('f', f.proowner))")}`,

  `select 'grant ' || t.name || ' to ' || ${roleName("g.grantee", "t")}, g.privileges
  from t, ${grants("coalesce(t.typacl, acldefault('T', t.typowner))")}`,

  // Only the owner's: migrations run as the owner.
  `select 'default grant of ' || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences'
      when 'f' then 'functions' when 'T' then 'types' end || ' in ' || s.name || ' to ' || ${roleName("g.grantee", "s")},
    g.privileges
  from s join pg_default_acl d on d.defaclnamespace = s.oid and d.defaclrole = s.owner, ${grants("d.defaclacl")}`,
];

/**
 * One statement, so that it costs one round trip and the search path is put back inside a transaction too. Of an
 * object's MD5 64 bits are kept: enough to tell two definitions of one name apart.
 */
function fingerprintQuery(plane: Plane, more: string): string {
  return `
with place as materialized (
  select current_setting('search_path') as path_before, set_config('search_path', 'pg_catalog', true) as path
), ${sources(plane)}, hashed as materialized (
  select name, left(md5(definition), 16) as hash
  from (${OBJECTS.join("\nunion all\n")}) object (name, definition)
), hash as materialized (
  select encode(sha256(convert_to(
    coalesce(string_agg(name || ' ' || hash, E'\\n' order by name collate "C"), ''), 'UTF8')), 'hex') as hash
  from hashed
)
select hash${more}, set_config('search_path', (select path_before from place), true) from hash`;
}
