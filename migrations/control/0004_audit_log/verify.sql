do $$ begin
  assert not has_table_privilege('control_app', 'control.audit_log', 'update'), 'the audit log is append-only';
  assert not has_table_privilege('control_app', 'control.audit_log', 'delete'), 'the audit log is append-only';
end $$;
