do $$ begin
  assert has_table_privilege('registry_reader', 'registry.changes', 'select'), 'the tenant plane sees who changed';
end $$;
