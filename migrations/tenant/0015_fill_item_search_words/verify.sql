do $$ begin
  assert not exists (select from items where search_words is null), 'every item has its words';
end $$;
