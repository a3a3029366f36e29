do $$ begin
  assert has_table_privilege('control_app', 'control.rate_limits', 'insert'), 'requests are counted';
  assert not exists (select from tenants where owner_mailbox is null), 'every owner has a mailbox';
end $$;
