do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.document_series', 'update'), 'requests number documents';
  assert has_table_privilege('pharmacy_reader', 'pharmacy.setup_steps', 'select'), 'support sees how far a pharmacy is';
end $$;
