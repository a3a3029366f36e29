do $$ begin
  assert has_table_privilege('pharmacy_app', 'pharmacy.invitations', 'insert'), 'requests invite people';
  assert exists (select from pg_trigger where tgname = 'users_keep_owner'), 'the owner is protected';
end $$;
