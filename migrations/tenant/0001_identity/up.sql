-- @waive opaque-block: the roles are there only on Supabase; the block revokes what they were given by default
-- The roles exist before the first migration: their login is made with the secret. They own nothing.
grant usage on schema pharmacy to pharmacy_app, pharmacy_reader;
alter default privileges in schema pharmacy grant select, insert, update, delete on tables to pharmacy_app;
alter default privileges in schema pharmacy grant usage, select on sequences to pharmacy_app;
alter default privileges in schema pharmacy grant select on tables to pharmacy_reader;
alter default privileges in schema pharmacy revoke execute on functions from public;
alter default privileges in schema pharmacy grant execute on functions to pharmacy_app, pharmacy_reader;

-- Supabase serves the schema public over its Data API to these two roles: shut it.
do $$
declare visitor text;
begin
  for visitor in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on schema public from %I', visitor);
    execute format('revoke all on all tables in schema public from %I', visitor);
    execute format('alter default privileges in schema public revoke all on tables from %I', visitor);
  end loop;
end $$;

-- Whose database this is. Every process compares it before it serves a row.
create table identity (
  only_row boolean primary key default true check (only_row),
  tenant_id uuid not null
);
revoke insert, update, delete on identity from pharmacy_app;
