do $$ begin
  assert not has_table_privilege('pharmacy_app', 'pharmacy.stock_movements', 'update'), 'the ledger is append-only';
  assert not has_table_privilege('pharmacy_app', 'pharmacy.stock_movements', 'delete'), 'the ledger is append-only';
end $$;
