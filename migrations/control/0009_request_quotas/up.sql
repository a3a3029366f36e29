-- The tenant plane limits how many requests a pharmacy's programs send, by its plan.
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
