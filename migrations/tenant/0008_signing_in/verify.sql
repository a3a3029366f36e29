do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.two_factors', 'insert'), 'people set a second factor up';
  assert not has_table_privilege('pharmacy_reader', 'pharmacy.two_factors', 'select'), 'support must not read factors';
  assert not has_table_privilege('pharmacy_reader', 'pharmacy.password_resets', 'select'), 'support must not read resets';
end $$;
