do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.identity', 'select'), 'requests compare the identity';
  assert not has_table_privilege('pharmacy_app', 'pharmacy.identity', 'update'), 'requests cannot change the identity';
  assert not has_schema_privilege('pharmacy_app', 'pharmacy', 'create'), 'requests cannot alter the schema';
end $$;
