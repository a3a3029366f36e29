do $$ begin
  assert has_table_privilege('control_app', 'control.rate_limits', 'insert'), 'requests are counted';
  assert has_table_privilege('control_app', 'control.find_requests', 'delete'), 'who asked is forgotten';
  assert not exists (select from tenants where owner_mailbox is null), 'every owner has a mailbox';
  assert not exists (select from tenants where trial_mailbox is null), 'every trial was somebody''s';
end $$;
