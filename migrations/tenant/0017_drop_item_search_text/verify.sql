do $$ begin
  assert not exists (select from pg_attribute where attrelid = 'items'::regclass and attname = 'search_text' and not attisdropped),
    'nothing keeps the old words';
end $$;
