do $$ begin
  assert has_column_privilege('control_app', 'control.tenant_schemas', 'look_error', 'update'),
    'workers record looks that failed';
  assert has_table_privilege('control_app', 'control.contracts', 'insert'), 'a release tells of its contracts';
end $$;
