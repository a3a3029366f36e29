do $$ begin
  assert exists (
    select from information_schema.columns
    where table_schema = 'control' and table_name = 'tenant_databases' and column_name = 'creation_asked_at'
  ), 'a creation without an answer is known';
end $$;
