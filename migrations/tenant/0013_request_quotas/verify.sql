do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.request_quotas', 'insert'), 'requests are counted';
  assert not has_table_privilege('pharmacy_reader', 'pharmacy.request_quotas', 'select'), 'support must not read traffic';
end $$;
