do $$ begin
  assert exists (select from pg_index where indexrelid = 'items_search_words_trigrams'::regclass and indisvalid),
    'a search has its index';
end $$;
