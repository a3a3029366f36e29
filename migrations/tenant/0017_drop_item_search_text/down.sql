-- Writes the table anew: the column was generated.
alter table items add column search_text text not null generated always as (
  lower(name || ' ' || coalesce(generic_name, '') || ' ' || coalesce(brand_names, '') || ' ' || sku || ' ' || coalesce(barcode, ''))
) stored;
create index items_search on items using gin (search_text gin_trgm_ops);
