do $$ begin
  assert (select count(*) from registry_counter) = 1, 'the counter has one row';
  assert has_table_privilege('registry_reader', 'registry.entries', 'select'), 'the tenant plane reads the registry';
  assert not has_schema_privilege('registry_reader', 'control', 'usage'), 'the tenant plane reads nothing else';
end $$;
