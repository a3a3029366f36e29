do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.item_import_rows', 'insert'), 'the worker stages rows';
  assert not exists (
    select from pharmacy.item_imports where state = 'done' and finished_at is null
  ), 'what had ended has its end';
end $$;
