drop view registry.entries;
create view registry.entries as
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
    select jsonb_agg(jsonb_build_object('module', m.module_name, 'expiresAt', m.expires_at) order by m.module_name)
    from control.tenant_modules m where m.tenant_id = t.id and m.is_enabled
  ), '[]') as granted_modules,
  p.api_requests_per_minute
from control.tenant_hosts h
join control.tenants t on t.id = h.tenant_id
join control.tenant_hosts primary_host on primary_host.tenant_id = t.id and primary_host.kind = 'primary'
left join control.tenant_databases d on d.tenant_id = t.id
left join control.tenant_subscriptions s on s.tenant_id = t.id
left join control.subscription_plans p on p.id = s.plan_id;
grant select on registry.entries to registry_reader;
alter table audit_log drop constraint audit_log_actor_kind_check;
-- What people did stays readable; only new rows are held to the old words.
alter table audit_log add constraint audit_log_actor_kind_check
  check (actor_kind in ('visitor', 'operator', 'system'));
drop table tenant_usage;
drop table billing_findings;
drop table mrr_movements;
drop table refunds;
drop table invoices;
drop table payment_events;
drop table enterprise_enquiries;
drop table plan_changes;
drop table checkouts;
drop trigger tenant_subscriptions_stamp on tenant_subscriptions;
drop trigger tenant_subscriptions_stamp_plan on tenant_subscriptions;
create trigger tenant_subscriptions_stamp after insert or update or delete on tenant_subscriptions
  for each row execute function stamp_tenant_of_row();
alter table tenant_modules drop column title;
drop table tenant_add_ons;
alter table tenant_subscriptions
  drop column price_id, drop column currency, drop column collection, drop column stripe_plan_item_id, drop column ends_at,
  drop column ended_at, drop column pending_until, drop column pending_price_id, drop column pending_url,
  drop column stripe_schedule_id, drop column scheduled_price_id, drop column scheduled_at, drop column card_brand,
  drop column card_last4, drop column card_expires_at, drop column discount_percent, drop column discount_amount,
  drop column discount_ends_at, drop column fetched_at;
alter table tenants drop constraint tenants_past_due_ends;
alter table tenants drop constraint tenants_cancelled_ends;
alter table tenants
  drop column past_due_since, drop column grace_ends_at, drop column access_ends_at, drop column suspension,
  drop column next_change_at, drop column billing_currency;
drop table prices;
drop table add_ons;
alter table subscription_plans drop constraint subscription_plans_agreed;
drop index subscription_plans_code;
alter table subscription_plans add constraint subscription_plans_code_key unique (code);
alter table subscription_plans drop column tenant_id;
