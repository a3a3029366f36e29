-- @waive index-concurrently: no stage was in production when this was written, so these tables have a handful of rows
-- @waive constraint-not-valid: no stage was in production when this was written, so these tables have a handful of rows
-- @waive contract-phase: the dropped constraints forbid what older code never writes; looser ones take their place
-- Money. What the payment provider says is mirrored here and decides nothing by itself: `tenants.state` does, by a pure
-- function of these facts and the time. Amounts are in the currency's major unit, as decimals.

-- A plan that was agreed with one tenant is its own row; everybody else chooses among the others.
alter table subscription_plans add column tenant_id uuid references tenants;
alter table subscription_plans drop constraint subscription_plans_code_key;
create unique index subscription_plans_code on subscription_plans (code) where tenant_id is null;
alter table subscription_plans add constraint subscription_plans_agreed
  check (tenant_id is null or code = 'enterprise');

-- What can be bought beside a plan: a module, room beyond a limit, or both.
create table add_ons (
  code text primary key check (code ~ '^[a-z][a-z0-9_]{1,62}$'),
  name text not null check (length(name) between 1 and 100),
  description text not null check (length(description) between 1 and 300),
  module_name text check (module_name in ('inventory', 'sales', 'purchases', 'reports', 'stock_take', 'multi_branch',
    'api_access', 'advanced_reports', 'custom_branding')),
  limit_name text check (limit_name in ('branches', 'users', 'items', 'api_requests_per_minute')),
  raise_by integer check (raise_by > 0),
  -- Whether one may be bought several times.
  is_countable boolean not null,
  -- Order on the page.
  place integer not null,
  constraint add_ons_give_something check (module_name is not null or limit_name is not null),
  constraint add_ons_raise check ((limit_name is null) = (raise_by is null))
);
insert into add_ons values
  ('reports', 'Reports', 'Sales, stock and profit by day, item and branch.', 'reports', null, null, false, 1),
  ('stock_take', 'Stock take', 'Count the shelves, see the differences, correct them in one step.', 'stock_take', null, null, false, 2),
  ('multi_branch', 'Several branches', 'Transfers between branches and figures for each.', 'multi_branch', null, null, false, 3),
  ('api_access', 'API access', 'Keys for your own programs, 60 requests a minute.', 'api_access', 'api_requests_per_minute', 60, false, 4),
  ('advanced_reports', 'Advanced reports', 'Forecasts, slow sellers and reports of your own.', 'advanced_reports', null, null, false, 5),
  ('custom_branding', 'Your branding', 'Your colours and logo on receipts and mails.', 'custom_branding', null, null, false, 6),
  ('extra_branch', 'One more branch', 'Room for one branch beyond your plan.', null, 'branches', 1, true, 7),
  ('five_users', 'Five more people', 'Room for five people beyond your plan.', null, 'users', 5, true, 8),
  ('ten_thousand_items', '10,000 more items', 'Room for 10,000 items beyond your plan.', null, 'items', 10000, true, 9);

-- What is sold at which price. A price that was replaced goes on for those who have it.
create table prices (
  id uuid primary key,
  plan_id uuid references subscription_plans,
  add_on_code text references add_ons,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  billing_interval text not null check (billing_interval in ('month', 'year')),
  amount numeric(12, 2) not null check (amount > 0),
  is_current boolean not null default true,
  -- Null until it was published at the payment provider.
  stripe_price_id text unique,
  created_at timestamptz not null,
  constraint prices_of_one_thing check (num_nonnulls(plan_id, add_on_code) = 1)
);
create unique index prices_current_of_plan on prices (plan_id, currency, billing_interval) where is_current and plan_id is not null;
create unique index prices_current_of_add_on on prices (add_on_code, currency, billing_interval) where is_current and add_on_code is not null;
-- The columns of the plans that say the same stay until no running code reads them.
insert into prices (id, plan_id, currency, billing_interval, amount, created_at)
  select gen_random_uuid(), p.id, p.currency, i.name, i.amount, p.updated_at
  from subscription_plans p
  cross join lateral (values ('month', p.price_monthly), ('year', p.price_yearly)) i (name, amount)
  where i.amount is not null;
insert into prices (id, add_on_code, currency, billing_interval, amount, created_at)
  select gen_random_uuid(), a.code, 'USD', i.name, case i.name when 'year' then m.amount * 10 else m.amount end,
    '2026-11-24T00:00:00Z'
  from (values ('reports', 19.00), ('stock_take', 15.00), ('multi_branch', 29.00), ('api_access', 29.00),
    ('advanced_reports', 29.00), ('custom_branding', 9.00), ('extra_branch', 25.00), ('five_users', 15.00),
    ('ten_thousand_items', 15.00)) m (code, amount)
  join add_ons a on a.code = m.code
  cross join (values ('month'), ('year')) i (name);

alter table tenants
  -- Since when a payment is overdue, and until when access stays although it is.
  add column past_due_since timestamptz,
  add column grace_ends_at timestamptz,
  -- Until when a cancelled subscription is paid for.
  add column access_ends_at timestamptz,
  add column suspension text check (suspension in ('trial_ended', 'unpaid', 'subscription_ended', 'operator')),
  -- When the calendar next changes the state or calls for a mail; null: never.
  add column next_change_at timestamptz,
  -- The currency of its first payment, which it keeps.
  add column billing_currency text check (billing_currency ~ '^[A-Z]{3}$');
create index tenants_next_change on tenants (next_change_at) where next_change_at is not null;
alter table tenants add constraint tenants_past_due_ends check ((state = 'past_due') = (grace_ends_at is not null));
alter table tenants add constraint tenants_cancelled_ends check ((state = 'cancelled') = (access_ends_at is not null));

alter table tenant_subscriptions
  -- The plan's price; null before anything was bought.
  add column price_id uuid references prices,
  add column currency text check (currency ~ '^[A-Z]{3}$'),
  add column collection text not null default 'automatic' check (collection in ('automatic', 'invoice')),
  add column stripe_plan_item_id text,
  -- When it ends without being renewed: by the customer's wish, however it was expressed.
  add column ends_at timestamptz,
  add column ended_at timestamptz,
  -- A change that waits for the customer to confirm its payment.
  add column pending_until timestamptz,
  add column pending_price_id uuid references prices,
  -- Page of the provider where that payment is confirmed.
  add column pending_url text,
  -- A change that waits for the end of the period.
  add column stripe_schedule_id text,
  add column scheduled_price_id uuid references prices,
  add column scheduled_at timestamptz,
  add column card_brand text,
  add column card_last4 text check (card_last4 ~ '^[0-9]{4}$'),
  -- The end of the last month that the card is good for.
  add column card_expires_at timestamptz,
  -- Taken off each month's sum; both null: nothing.
  add column discount_percent numeric(5, 2) check (discount_percent > 0 and discount_percent <= 100),
  add column discount_amount numeric(12, 2) check (discount_amount > 0),
  add column discount_ends_at timestamptz,
  -- When the provider was last asked; null: never.
  add column fetched_at timestamptz;

-- Of a subscription the registry shows which plan it is: each look at the provider writes when it was, and must not
-- empty what processes remember of a tenant.
drop trigger tenant_subscriptions_stamp on tenant_subscriptions;
create trigger tenant_subscriptions_stamp after insert or delete on tenant_subscriptions
  for each row execute function stamp_tenant_of_row();
create trigger tenant_subscriptions_stamp_plan after update on tenant_subscriptions
  for each row when (old.plan_id is distinct from new.plan_id or old.tenant_id is distinct from new.tenant_id)
  execute function stamp_tenant_of_row();

-- What a subscription has beside its plan, as the provider says.
create table tenant_add_ons (
  tenant_id uuid not null references tenants,
  add_on_code text not null references add_ons,
  quantity integer not null check (quantity > 0),
  price_id uuid not null references prices,
  stripe_item_id text not null unique,
  created_at timestamptz not null,
  primary key (tenant_id, add_on_code)
);
create trigger tenant_add_ons_stamp after insert or update or delete on tenant_add_ons
  for each row execute function stamp_tenant_of_row();

-- A module that was made for one tenant has a name of its own.
alter table tenant_modules add column title text check (length(title) between 1 and 100);

-- One way to pay at a time: two open pages could be paid twice.
create table checkouts (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  price_id uuid not null references prices,
  -- All that is paid for: [{ "priceId", "quantity" }], the plan's first.
  items jsonb not null,
  state text not null check (state in ('reserved', 'open', 'completed', 'expired', 'withdrawn')),
  stripe_session_id text unique,
  url text,
  started_by text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint checkouts_open_has_session check (state in ('reserved', 'withdrawn') or stripe_session_id is not null)
);
create unique index checkouts_one_open on checkouts (tenant_id) where state in ('reserved', 'open');

-- A change as it was shown before it was confirmed: what it costs must be what the invoice then says.
create table plan_changes (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  -- The items as they are and as they will be: [{ "priceId", "quantity" }], the plan's first.
  from_items jsonb not null,
  items jsonb not null,
  kind text not null check (kind in ('now', 'at_period_end')),
  state text not null check (state in ('quoted', 'applying', 'waiting', 'applied', 'failed', 'expired')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- The moment that the amounts were computed for.
  proration_at timestamptz not null,
  due_now numeric(12, 2) not null,
  due_next numeric(12, 2) not null,
  next_at timestamptz,
  lines jsonb not null,
  stripe_invoice_id text,
  -- What the invoice then said, when it was not the same.
  invoiced numeric(12, 2),
  asked_by text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index plan_changes_tenant on plan_changes (tenant_id, created_at);

-- Somebody who wants more than is sold: answered with a plan and a price of their own.
create table enterprise_enquiries (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  asked_by_name text not null,
  email text not null,
  phone text not null check (length(phone) <= 40),
  branches text not null check (length(branches) <= 40),
  message text not null check (length(message) <= 2000),
  created_at timestamptz not null
);
create index enterprise_enquiries_tenant on enterprise_enquiries (tenant_id, created_at);

-- Every notice of the payment provider, once.
create table payment_events (
  id text primary key check (length(id) <= 255),
  type text not null,
  api_version text,
  stripe_customer_id text,
  created_at timestamptz not null,
  received_at timestamptz not null,
  state text not null default 'received' check (state in ('received', 'applied', 'ignored', 'failed', 'discarded')),
  attempts integer not null default 0,
  error text,
  applied_at timestamptz,
  payload jsonb not null
);
create index payment_events_open on payment_events (received_at) where state in ('received', 'failed');
create index payment_events_customer on payment_events (stripe_customer_id, received_at);

create table invoices (
  id text primary key,
  tenant_id uuid not null references tenants,
  stripe_subscription_id text,
  number text,
  status text not null check (status in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  total numeric(12, 2) not null,
  amount_due numeric(12, 2) not null,
  amount_paid numeric(12, 2) not null,
  -- Of it, given back.
  amount_refunded numeric(12, 2) not null default 0,
  amount_credited numeric(12, 2) not null default 0,
  period_start timestamptz,
  period_end timestamptz,
  due_at timestamptz,
  paid_at timestamptz,
  next_attempt_at timestamptz,
  attempts integer not null default 0,
  -- The customer has to confirm the payment with their bank.
  needs_confirmation boolean not null default false,
  hosted_url text,
  pdf_url text,
  disputed_at timestamptz,
  -- By bank or M-Pesa, recorded by an operator.
  paid_reference text,
  created_at timestamptz not null,
  fetched_at timestamptz not null
);
create index invoices_tenant on invoices (tenant_id, created_at);

-- Money given back, each with who and why.
create table refunds (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  invoice_id text not null references invoices,
  amount numeric(12, 2) not null check (amount > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  state text not null check (state in ('asked', 'done', 'refused')),
  stripe_credit_note_id text unique,
  stripe_refund_id text unique,
  reason text not null check (length(reason) between 10 and 500),
  asked_by text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index refunds_invoice on refunds (invoice_id);

-- Each change of what a tenant pays a month: added to, never changed.
create table mrr_movements (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  -- 1, 2, 3, … of this tenant.
  number integer not null check (number > 0),
  at timestamptz not null,
  kind text not null check (kind in ('new', 'expansion', 'contraction', 'churn', 'reactivation')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Of the month's sum; below zero for contraction and churn.
  amount numeric(12, 2) not null check (amount <> 0),
  -- The month's sum after it.
  mrr numeric(12, 2) not null check (mrr >= 0),
  stripe_subscription_id text,
  unique (tenant_id, number)
);
create index mrr_movements_at on mrr_movements (at);

-- What the daily comparison with the payment provider found, and what became of it.
create table billing_findings (
  id uuid primary key,
  kind text not null check (kind in ('paid_without_tenant', 'tenant_without_payment', 'module_without_item',
    'item_without_module', 'database_without_subscription', 'second_subscription', 'row_differs', 'invoice_differs')),
  -- The same finding again is the same row while it is open.
  subject text not null,
  tenant_id uuid references tenants,
  details jsonb not null,
  found_at timestamptz not null,
  seen_at timestamptz not null,
  repaired_at timestamptz,
  repair text,
  repaired_by text
);
create unique index billing_findings_open on billing_findings (kind, subject) where repaired_at is null;

-- What a tenant used in a month, as it last told.
create table tenant_usage (
  tenant_id uuid not null references tenants,
  -- Its first day.
  month date not null check (extract(day from month) = 1),
  api_calls bigint not null default 0 check (api_calls >= 0),
  storage_bytes bigint not null default 0 check (storage_bytes >= 0),
  users integer not null default 0 check (users >= 0),
  branches integer not null default 0 check (branches >= 0),
  items integer not null default 0 check (items >= 0),
  -- Days on which each module was used: { "inventory": 21 }.
  module_days jsonb not null default '{}',
  measured_at timestamptz not null,
  primary key (tenant_id, month)
);

-- What the tenant plane needs to know of it.
create or replace view registry.entries as
select
  h.host,
  h.kind as host_kind,
  h.until as host_until,
  primary_host.host as primary_host,
  t.id as tenant_id,
  t.name as company_name,
  t.state,
  t.ring,
  t.currency,
  t.time_zone,
  t.trial_ends_at,
  t.schema_version,
  t.flags,
  t.settings,
  t.registry_version,
  d.app_secret_arn,
  p.code as plan_code,
  p.included_modules,
  p.max_branches,
  p.max_users,
  p.max_items,
  coalesce((
    select jsonb_agg(jsonb_build_object('module', m.module_name, 'source', m.source, 'title', m.title,
      'expiresAt', m.expires_at) order by m.module_name, m.source)
    from (
      select module_name, source, title, expires_at from control.tenant_modules where tenant_id = t.id and is_enabled
      union all
      select a.module_name, 'add_on', null, null
      from control.tenant_add_ons o join control.add_ons a on a.code = o.add_on_code
      where o.tenant_id = t.id and a.module_name is not null
    ) m
  ), '[]') as granted_modules,
  p.api_requests_per_minute,
  p.name as plan_name,
  coalesce((
    select jsonb_agg(jsonb_build_object('limit', a.limit_name, 'by', a.raise_by * o.quantity) order by a.limit_name)
    from control.tenant_add_ons o join control.add_ons a on a.code = o.add_on_code
    where o.tenant_id = t.id and a.limit_name is not null
  ), '[]') as raises,
  t.grace_ends_at,
  t.access_ends_at,
  t.suspension,
  coalesce((
    select jsonb_agg(jsonb_build_object('module', a.module_name, 'amount', r.amount::text, 'currency', r.currency)
      order by a.place)
    from control.add_ons a join control.prices r on r.add_on_code = a.code
    where a.module_name is not null and r.is_current and r.billing_interval = 'month'
      and r.currency = coalesce(t.billing_currency, 'USD')
  ), '[]') as module_prices
from control.tenant_hosts h
join control.tenants t on t.id = h.tenant_id
join control.tenant_hosts primary_host on primary_host.tenant_id = t.id and primary_host.kind = 'primary'
left join control.tenant_databases d on d.tenant_id = t.id
left join control.tenant_subscriptions s on s.tenant_id = t.id
left join control.subscription_plans p on p.id = s.plan_id;

-- Added to, never changed.
revoke update, delete on mrr_movements from control_app;

-- A pharmacy's own people act on its subscription.
alter table audit_log drop constraint audit_log_actor_kind_check;
alter table audit_log add constraint audit_log_actor_kind_check
  check (actor_kind in ('visitor', 'operator', 'system', 'member'));
