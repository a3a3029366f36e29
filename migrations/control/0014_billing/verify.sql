do $$ begin
  assert (
    select count(*) = 2 from prices p join subscription_plans s on s.id = p.plan_id where s.code = 'starter' and p.is_current
  ), 'the first plan is sold by the month and by the year';
  assert not exists (
    select from add_ons a where (select count(*) from prices p where p.add_on_code = a.code and p.is_current) <> 2
  ), 'each add-on is sold by the month and by the year';
  assert has_table_privilege('registry_reader', 'registry.entries', 'select'), 'the tenant plane reads the registry';
  assert not has_table_privilege('control_app', 'control.mrr_movements', 'update'), 'movements are added to, never changed';
end $$;
