do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.api_keys', 'insert'), 'requests issue API keys';
  assert not has_table_privilege('pharmacy_reader', 'pharmacy.api_keys', 'select'), 'support must not read API keys';
end $$;
