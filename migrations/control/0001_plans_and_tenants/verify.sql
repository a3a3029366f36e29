do $$ begin
  assert (select count(*) from subscription_plans) = 3, 'there are three plans';
  assert not has_schema_privilege('control_app', 'control', 'create'), 'the application must not alter the schema';
end $$;
