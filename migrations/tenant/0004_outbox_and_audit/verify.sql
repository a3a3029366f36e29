do $$ begin
  assert not has_table_privilege('pharmacy_app', 'pharmacy.audit_log', 'update'), 'the audit log is append-only';
  assert not has_table_privilege('pharmacy_app', 'pharmacy.audit_log', 'delete'), 'the audit log is append-only';
end $$;
