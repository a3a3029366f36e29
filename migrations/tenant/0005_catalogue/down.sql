drop table item_import_rejections, item_imports, items;
drop sequence item_sku_numbers;
drop extension pg_trgm;
