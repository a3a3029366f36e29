-- What is known of the fleet besides what it has: whose schema could not be looked at and why, whose locks nobody can
-- foretell, and which code must not come back.
alter table tenant_schemas
  -- Of the newest look, also of one that failed: whoever does not answer is not asked before all others.
  add column look_tried_at timestamptz,
  -- Why it failed, in words; null when it did not.
  add column look_error text;
update tenant_schemas set look_tried_at = looked_at;

-- A statement goes through its tables, and nobody knows how large they are: it waits for the quiet hours.
alter table deployment_targets add column is_lock_unknown boolean not null default false;

-- Migrations that take a shape away, as releases told of them: an older release does not know them.
create table contracts (
  version integer primary key check (version > 0),
  name text not null,
  -- All code must know this version of the tenants' schema where the contract was carried out.
  code_knows integer not null check (code_knows >= 0)
);
