do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.usage_days', 'insert'), 'use is counted';
  assert has_table_privilege('pharmacy_app', 'pharmacy.usage_days', 'update'), 'use is added to what was counted';
end $$;
