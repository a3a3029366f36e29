do $$ begin
  assert not has_table_privilege('pharmacy_reader', 'pharmacy.sessions', 'select'), 'support must not read sessions';
  assert not has_table_privilege('pharmacy_reader', 'pharmacy.accounts', 'select'), 'support must not read passwords';
end $$;
