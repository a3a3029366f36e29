-- @waive contract-phase: the check comes back under another name, wider; no stage was in production when this was written, so it only ever meets empty tables
-- @waive index-concurrently: no stage was in production when this was written, so it only ever meets empty tables
-- `queued`: beyond the day's cap of new databases. `rolled_back`: an operator gave it up and what was made is deleted.
alter table provisioning_jobs drop constraint provisioning_jobs_state_check;
alter table provisioning_jobs drop constraint provisioning_jobs_finished;
alter table provisioning_jobs add constraint provisioning_jobs_state check (
  state in ('queued', 'running', 'done', 'failed', 'rolling_back', 'rolled_back')
) not valid;
alter table provisioning_jobs add constraint provisioning_jobs_finished check (
  (state in ('queued', 'running', 'rolling_back')) = (finished_at is null)
) not valid;
create index provisioning_jobs_open on provisioning_jobs (next_run_at) where state in ('queued', 'rolling_back');
-- When its database was allowed to be made: what the day's cap counts.
alter table provisioning_jobs add column admitted_at timestamptz;
create index provisioning_jobs_admitted on provisioning_jobs (admitted_at);
-- Which welcome link is valid. Links are derived from the job and this number, so none is stored and the next one ends
-- the one before.
alter table provisioning_jobs add column link_number integer not null default 1;
-- Every way that a step was run and ended: for the report of where the time goes.
create table provisioning_attempts (
  job_id uuid not null references provisioning_jobs,
  fence bigint not null,
  step text not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  outcome text check (outcome in ('done', 'waited', 'failed')),
  error text check (length(error) <= 2000),
  primary key (job_id, fence)
);

-- A database that a person made by hand and gave to us is never deleted by us.
alter table tenant_databases add column is_adopted boolean not null default false;

alter table tenants drop constraint tenants_open_has_schema;
alter table tenants add constraint tenants_open_has_schema check (
  state in ('provisioning', 'provisioning_failed', 'closed') or schema_version is not null
) not valid;
