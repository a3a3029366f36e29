drop trigger items_search_words on items;
drop function set_item_search_words();
alter table items drop column search_words;
drop function item_search_words(text, text, text, text, text, text, text);
