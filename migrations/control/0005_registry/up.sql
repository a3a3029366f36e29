-- @waive contract-phase: its triggers refuse nothing, and number changes in a column that no code of before knows
-- One row, so that writers queue for it: versions become visible in the order of their numbers, and a reader that asks
-- for everything above the last one it saw misses nothing. A sequence would not promise that.
create table registry_counter (
  only_row boolean primary key default true check (only_row),
  version bigint not null
);
insert into registry_counter (version) values (0);

create function stamp_tenant() returns trigger language plpgsql as $$
begin
  update control.registry_counter set version = version + 1 returning version into new.registry_version;
  return new;
end $$;
create trigger tenants_stamp before insert or update on tenants for each row execute function stamp_tenant();

-- Whatever the registry shows of a tenant stamps the tenant: no write path can forget it.
create function stamp_tenant_of_row() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    update control.tenants set updated_at = updated_at where id = old.tenant_id;
  end if;
  if tg_op <> 'DELETE' then
    update control.tenants set updated_at = updated_at where id = new.tenant_id;
  end if;
  return null;
end $$;
create trigger tenant_hosts_stamp after insert or update or delete on tenant_hosts
  for each row execute function stamp_tenant_of_row();
create trigger tenant_subscriptions_stamp after insert or update or delete on tenant_subscriptions
  for each row execute function stamp_tenant_of_row();
create trigger tenant_modules_stamp after insert or update or delete on tenant_modules
  for each row execute function stamp_tenant_of_row();
create trigger tenant_databases_stamp after insert or update or delete on tenant_databases
  for each row execute function stamp_tenant_of_row();

create function stamp_tenants_of_plan() returns trigger language plpgsql as $$
begin
  update control.tenants set updated_at = updated_at
    where id in (select tenant_id from control.tenant_subscriptions where plan_id = new.id);
  return null;
end $$;
create trigger subscription_plans_stamp after update on subscription_plans
  for each row execute function stamp_tenants_of_plan();

create schema registry;

-- All that the tenant plane may know of the control plane.
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
  ), '[]') as granted_modules
from control.tenant_hosts h
join control.tenants t on t.id = h.tenant_id
join control.tenant_hosts primary_host on primary_host.tenant_id = t.id and primary_host.kind = 'primary'
left join control.tenant_databases d on d.tenant_id = t.id
left join control.tenant_subscriptions s on s.tenant_id = t.id
left join control.subscription_plans p on p.id = s.plan_id;

create view registry.counter as select version from control.registry_counter;

grant usage on schema registry to registry_reader;
grant select on registry.entries, registry.counter to registry_reader;
