-- @transaction none
create index concurrently if not exists items_search_words_trigrams on items using gin (search_words gin_trgm_ops);
