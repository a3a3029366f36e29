do $$ begin
  assert not exists (
    select from pg_constraint where not convalidated and connamespace = current_schema()::regnamespace
  ), 'every check holds for every row';
end $$;
