drop index concurrently if exists items_search_words_trigrams;
