-- The checks as they were added: for new rows only.
do $$
declare checked record;
begin
  for checked in
    select conrelid::regclass as of_table, conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint
    where connamespace = current_schema()::regnamespace and conname in (
      'users_username_shape', 'users_reachable', 'users_owner_active', 'companies_texts', 'branches_texts',
      'branches_headquarters_stay', 'items_cost_price', 'item_imports_state', 'item_imports_formats',
      'item_imports_counts', 'item_import_rejections_kinds')
  loop
    execute format('alter table %s drop constraint %I, add constraint %I %s not valid',
      checked.of_table, checked.name, checked.name, checked.definition);
  end loop;
end $$;
