-- @waive opaque-block: `create role` has no `if not exists`, and roles are the whole server's; the blocks make two and drop nothing
-- The roles that applications use. They own nothing, so they cannot alter the schema.
do $$ begin create role control_app nologin; exception when duplicate_object then null; end $$;
do $$ begin create role registry_reader nologin; exception when duplicate_object then null; end $$;

grant usage on schema control to control_app;
alter default privileges in schema control grant select, insert, update, delete on tables to control_app;

create table subscription_plans (
  id uuid primary key,
  code text not null unique check (code in ('starter', 'professional', 'enterprise')),
  name text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Null: agreed in a contract.
  price_monthly numeric(12, 2) check (price_monthly > 0),
  price_yearly numeric(12, 2) check (price_yearly > 0),
  -- Null: unlimited.
  max_branches integer check (max_branches > 0),
  max_users integer check (max_users > 0),
  max_items integer check (max_items > 0),
  api_requests_per_minute integer check (api_requests_per_minute > 0),
  included_modules text[] not null check (
    included_modules <@ array['inventory', 'sales', 'purchases', 'reports', 'stock_take', 'multi_branch', 'api_access',
      'advanced_reports', 'custom_branding']
  ),
  features jsonb not null,
  updated_at timestamptz not null
);

insert into subscription_plans values
  ('019ab000-0000-7000-8000-000000000001', 'starter', 'Starter', 'USD', 99.00, 990.00, 1, 5, 10000, null,
    array['inventory', 'sales', 'purchases'], '{}', '2026-11-24T00:00:00Z'),
  ('019ab000-0000-7000-8000-000000000002', 'professional', 'Professional', 'USD', 299.00, 2990.00, 5, 20, 50000, 600,
    array['inventory', 'sales', 'purchases', 'reports', 'stock_take', 'multi_branch', 'api_access', 'advanced_reports',
      'custom_branding'], '{}', '2026-11-24T00:00:00Z'),
  ('019ab000-0000-7000-8000-000000000003', 'enterprise', 'Enterprise', 'USD', null, null, null, null, null, null,
    array['inventory', 'sales', 'purchases', 'reports', 'stock_take', 'multi_branch', 'api_access', 'advanced_reports',
      'custom_branding'], '{"prioritySupport": true}', '2026-11-24T00:00:00Z');

create table tenants (
  id uuid primary key,
  name text not null check (length(name) between 1 and 255),
  -- The one lifecycle state. Subscription rows mirror the payment provider and decide nothing.
  state text not null check (state in ('provisioning', 'provisioning_failed', 'trial', 'active', 'past_due', 'suspended',
    'cancelled', 'closed')),
  -- Who gets a release and a migration first.
  ring text not null default 'general' check (ring in ('staging', 'pilot', 'general')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  time_zone text not null check (length(time_zone) between 1 and 64),
  owner_name text not null check (length(owner_name) between 1 and 255),
  owner_email text not null check (owner_email = lower(owner_email) and length(owner_email) <= 254),
  terms_version text not null,
  terms_accepted_at timestamptz not null,
  trial_ends_at timestamptz,
  schema_version integer check (schema_version > 0),
  flags jsonb not null default '{}',
  settings jsonb not null default '{}',
  -- The value of registry_counter at the last change of anything that the registry shows of this tenant.
  registry_version bigint not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint tenants_open_has_schema check (state in ('provisioning', 'provisioning_failed') or schema_version is not null),
  constraint tenants_trial_has_end check (state <> 'trial' or trial_ends_at is not null)
);
create index tenants_registry_version on tenants (registry_version);
create index tenants_owner_email on tenants (owner_email);

create table tenant_hosts (
  -- A subdomain is stored as its label, so that the root domain stays configuration; a custom domain has dots.
  host text primary key,
  tenant_id uuid not null references tenants,
  kind text not null check (kind in ('primary', 'redirect', 'custom')),
  -- Until when an old name redirects.
  until timestamptz,
  created_at timestamptz not null,
  constraint tenant_hosts_shape check (
    case when kind = 'custom'
      then host ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$' and length(host) <= 253
      else host ~ '^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$'
    end
  ),
  constraint tenant_hosts_redirect_ends check ((kind = 'redirect') = (until is not null))
);
create unique index tenant_hosts_one_primary on tenant_hosts (tenant_id) where kind = 'primary';
create index tenant_hosts_tenant on tenant_hosts (tenant_id);

create table tenant_subscriptions (
  id uuid primary key,
  tenant_id uuid not null unique references tenants,
  plan_id uuid not null references subscription_plans,
  -- The payment provider's own words.
  status text not null check (status in ('trialing', 'active', 'past_due', 'canceled', 'incomplete', 'incomplete_expired',
    'unpaid', 'paused')),
  billing_interval text check (billing_interval in ('month', 'year')),
  current_period_start timestamptz,
  current_period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  stripe_customer_id text unique,
  stripe_subscription_id text unique,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint tenant_subscriptions_paid_has_reference check (status = 'trialing' or stripe_subscription_id is not null),
  constraint tenant_subscriptions_period check (current_period_end > current_period_start)
);

create table tenant_modules (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  module_name text not null check (module_name ~ '^[a-z][a-z0-9_]{1,62}$'),
  source text not null check (source in ('add_on', 'grant', 'trial', 'custom')),
  is_enabled boolean not null default true,
  -- Null: for as long as the row is there.
  expires_at timestamptz,
  created_at timestamptz not null,
  unique (tenant_id, module_name, source),
  constraint tenant_modules_trial_ends check (source <> 'trial' or expires_at is not null)
);

-- Where a tenant's database is. References only: the connection itself is in the secrets.
create table tenant_databases (
  tenant_id uuid primary key references tenants,
  provider text not null check (provider in ('supabase', 'postgres')),
  project_name text not null unique,
  region text not null,
  size text not null,
  project_ref text unique,
  owner_secret_arn text unique,
  app_secret_arn text unique,
  created_at timestamptz not null,
  constraint tenant_databases_two_secrets check (owner_secret_arn <> app_secret_arn)
);
