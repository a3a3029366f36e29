do $$ begin
  assert (select count(*) = 1 from fleet), 'one row says where the fleet is';
  assert has_table_privilege('control_app', 'control.deployment_targets', 'update'), 'workers record what they did';
end $$;
