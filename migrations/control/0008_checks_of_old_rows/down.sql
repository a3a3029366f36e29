-- The checks as they were added: for new rows only.
do $$
declare checked record;
begin
  for checked in
    select conrelid::regclass as of_table, conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint
    where connamespace = current_schema()::regnamespace
      and conname in ('provisioning_jobs_state', 'provisioning_jobs_finished', 'tenants_open_has_schema')
  loop
    execute format('alter table %s drop constraint %I, add constraint %I %s not valid',
      checked.of_table, checked.name, checked.name, checked.definition);
  end loop;
end $$;
