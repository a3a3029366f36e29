do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.item_import_rows', 'insert'), 'the worker stages rows';
end $$;
