do $$ begin
  assert has_table_privilege('control_app', 'control.provisioning_attempts', 'insert'), 'workers record their attempts';
end $$;
