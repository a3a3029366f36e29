-- @backfill
with batch as (
  select id from items where id > coalesce($1::text, '00000000-0000-0000-0000-000000000000')::uuid order by id limit $2::integer
), filled as (
  update items set search_words = item_search_words(name, generic_name, brand_names, strength, form, sku, barcode)
  from batch where items.id = batch.id and search_words is null
)
select max(id::text) as cursor, count(*) as rows from batch
