-- @waive index-concurrently: no stage was in production when this was written, so the audit log is empty
-- What each tenant's schema is, as last seen in its database. Apart from `tenants`, whose every change empties a cache
-- entry in all processes: looking at the fleet must not.
create table tenant_schemas (
  tenant_id uuid primary key references tenants on delete cascade,
  -- Whoever is let at the schema gets the next number; the database itself refuses a lower one.
  fence bigint not null default 0,
  version integer check (version >= 0),
  fingerprint text,
  -- The objects that differ from what its version should have; null: none, or not looked yet.
  drift jsonb,
  -- Bytes by table, for predicting how long a change takes.
  table_sizes jsonb not null default '{}',
  looked_at timestamptz,
  -- In the pharmacy's time zone. Over midnight when the end is before the beginning.
  quiet_from text not null default '22:00' check (quiet_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  quiet_until text not null default '06:00' check (quiet_until ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$')
);

-- Databases that share a machine share this many migrations at once.
create table database_servers (
  name text primary key,
  migrations_max integer not null check (migrations_max > 0)
);

-- Code that runs, or may: by stage. A change that takes an old shape away waits until none needs it.
create table releases (
  name text primary key check (length(name) between 1 and 100),
  channel text not null check (channel in ('stable', 'next')),
  -- The newest version of the tenant schema that this code knows, and the oldest that it can work with.
  schema_known integer not null check (schema_known >= 0),
  schema_required integer not null check (schema_required between 0 and schema_known),
  announced_at timestamptz not null,
  -- What it had begun may take a while longer.
  retired_at timestamptz
);

create table rehearsals (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  from_version integer not null,
  to_version integer not null check (to_version > from_version),
  -- Of the migrations between: what was rehearsed is what is rolled out.
  checksums text[] not null,
  has_passed boolean not null,
  report jsonb not null,
  rehearsed_by text not null,
  rehearsed_at timestamptz not null
);
create index rehearsals_version on rehearsals (to_version, rehearsed_at desc);

create table deployments (
  id uuid primary key,
  kind text not null check (kind in ('migrate', 'rollback', 'repair')),
  -- Where every target is led; a rollback leads each back to where it came from.
  to_version integer check (to_version >= 0),
  repair text,
  rolls_back uuid references deployments,
  -- How the tenants were chosen, in the operator's words; '' is the whole fleet.
  selector text not null,
  state text not null check (state in ('running', 'paused', 'halted', 'completed', 'abandoned')),
  -- Why it halted.
  halt_reason text check (length(halt_reason) <= 2000),
  wave integer not null default 1 check (wave > 0),
  promotion text not null check (promotion in ('automatic', 'operator')),
  soak_seconds integer not null check (soak_seconds >= 0),
  -- Failed over attempted, from this many attempts on; or so many failures whatever the rate.
  halt_rate numeric(5, 4) not null check (halt_rate between 0 and 1),
  halt_sample integer not null check (halt_sample > 0),
  halt_failures integer not null check (halt_failures > 0),
  -- Of backfills; may be changed while they run.
  batch_size integer not null check (batch_size between 1 and 100000),
  batch_delay_ms integer not null check (batch_delay_ms between 0 and 60000),
  -- Whether its targets wait for their quiet hours, unless an operator said why not.
  is_quiet boolean not null,
  quiet_override text check (length(quiet_override) between 1 and 1000),
  rehearsal_id uuid references rehearsals,
  reason text not null check (length(reason) between 1 and 1000),
  created_by text not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint deployments_kind check (
    (kind = 'repair') = (repair is not null) and (kind = 'rollback') = (rolls_back is not null)
    and (kind = 'migrate') = (to_version is not null)
  ),
  constraint deployments_finished check ((state in ('completed', 'abandoned')) = (finished_at is not null))
);
create index deployments_open on deployments (created_at) where finished_at is null;
create index deployments_recent on deployments (created_at desc);

create table deployment_waves (
  deployment_id uuid not null references deployments,
  position integer not null check (position > 0),
  name text not null,
  -- Of the tenants outside staging and pilot; null for those.
  percent integer check (percent between 1 and 100),
  started_at timestamptz,
  -- When nothing was left to do in it: the soak counts from here.
  settled_at timestamptz,
  promoted_at timestamptz,
  promoted_by text,
  primary key (deployment_id, position)
);

create table deployment_targets (
  deployment_id uuid not null references deployments,
  tenant_id uuid not null references tenants,
  wave integer not null check (wave > 0),
  -- Order within the wave.
  position integer not null check (position > 0),
  server text not null references database_servers,
  -- pending: not released; queued: released, and due at next_run_at.
  state text not null default 'pending' check (
    state in ('pending', 'queued', 'running', 'succeeded', 'failed', 'skipped')
  ),
  from_version integer not null,
  to_version integer,
  -- The longest lock that the rehearsal and the sizes of its tables let expect.
  predicted_lock_ms integer check (predicted_lock_ms >= 0),
  attempts integer not null default 0 check (attempts >= 0),
  fence bigint,
  lease_until timestamptz,
  next_run_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  reached_version integer,
  fingerprint text,
  -- Of a backfill under way.
  rows_done bigint not null default 0,
  error text check (length(error) <= 2000),
  sql_state text,
  migration text,
  -- Which statement of it, from 1.
  statement integer,
  -- Who held what it waited for: a program's name, never its query.
  blocker text,
  skip_reason text check (length(skip_reason) between 1 and 1000),
  primary key (deployment_id, tenant_id),
  constraint deployment_targets_lease check ((state = 'running') = (lease_until is not null)),
  constraint deployment_targets_finished check (
    (state in ('succeeded', 'failed', 'skipped')) = (finished_at is not null)
  )
);
-- Nobody else is led anywhere at the same time.
create unique index deployment_targets_one_open on deployment_targets (tenant_id)
  where state in ('pending', 'queued', 'running');
create index deployment_targets_state on deployment_targets (deployment_id, wave, state);
create index deployment_targets_due on deployment_targets (next_run_at) where state in ('queued', 'running');
create index deployment_targets_leases on deployment_targets (server) where state in ('queued', 'running');

-- The version that the whole fleet has reached: new tenants begin with it. Null until the first deployment.
create table fleet (
  only_row boolean primary key default true check (only_row),
  settled_version integer check (settled_version >= 0)
);
insert into fleet (settled_version) values (null);

create index audit_log_deployment on audit_log ((after ->> 'deploymentId'), at) where after ->> 'deploymentId' is not null;
