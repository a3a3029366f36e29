do $$ begin
  assert exists (
    select from information_schema.columns
    where table_schema = 'registry' and table_name = 'entries' and column_name = 'api_requests_per_minute'
  ), 'the registry shows the limit of the plan';
  assert has_table_privilege('registry_reader', 'registry.entries', 'select'), 'the tenant plane reads the registry';
end $$;
