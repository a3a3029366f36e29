-- The checks that 0007 to 0011 added hold for the rows from before too. Apart from adding them, so that neither step
-- blocks readers and writers while it looks.
alter table users validate constraint users_username_shape;
alter table users validate constraint users_reachable;
alter table users validate constraint users_owner_active;
alter table companies validate constraint companies_texts;
alter table branches validate constraint branches_texts;
alter table branches validate constraint branches_headquarters_stay;
alter table items validate constraint items_cost_price;
alter table item_imports validate constraint item_imports_state;
alter table item_imports validate constraint item_imports_formats;
alter table item_imports validate constraint item_imports_counts;
alter table item_import_rejections validate constraint item_import_rejections_kinds;
