-- A form that was sent. Nothing is created for it until the code has been entered.
create table sign_ups (
  id uuid primary key,
  -- The browser that sent the form: the only one that may enter the code and gets the sign-in link.
  browser_hash text not null unique,
  company_name text not null check (length(company_name) between 1 and 255),
  owner_name text not null check (length(owner_name) between 1 and 255),
  email text not null check (email = lower(email) and length(email) <= 254),
  subdomain text not null,
  plan_id uuid not null references subscription_plans,
  terms_version text not null,
  terms_accepted_at timestamptz not null,
  source_ip text not null,
  -- Which code is valid. Codes are derived from the id and this number, so none is stored.
  code_number integer not null default 1 check (code_number between 1 and 5),
  code_expires_at timestamptz not null,
  code_attempts integer not null default 0 check (code_attempts between 0 and 5),
  tenant_id uuid unique references tenants,
  created_at timestamptz not null,
  confirmed_at timestamptz,
  constraint sign_ups_confirmed_has_tenant check ((tenant_id is null) = (confirmed_at is null))
);
create index sign_ups_email on sign_ups (email, created_at);
create index sign_ups_source_ip on sign_ups (source_ip, created_at);

create table provisioning_jobs (
  id uuid primary key,
  tenant_id uuid not null unique references tenants,
  state text not null check (state in ('running', 'done', 'failed')),
  -- Fencing: a worker writes only while its number is the highest.
  fence bigint not null default 0,
  lease_until timestamptz,
  -- Not before this time: waiting for the provider, or backing off.
  next_run_at timestamptz not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint provisioning_jobs_finished check ((state = 'running') = (finished_at is null))
);
create index provisioning_jobs_due on provisioning_jobs (next_run_at) where state = 'running';

create table provisioning_steps (
  job_id uuid not null references provisioning_jobs,
  position integer not null check (position > 0),
  name text not null,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  attempts integer not null default 0 check (attempts >= 0),
  started_at timestamptz,
  finished_at timestamptz,
  last_error text check (length(last_error) <= 2000),
  primary key (job_id, name),
  unique (job_id, position),
  constraint provisioning_steps_done_has_times check (state <> 'done' or (started_at is not null and finished_at is not null))
);
