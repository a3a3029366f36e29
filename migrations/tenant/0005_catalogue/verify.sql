do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.items', 'insert'), 'requests keep the catalogue';
  assert not has_table_privilege('pharmacy_reader', 'pharmacy.items', 'insert'), 'support only reads';
end $$;
