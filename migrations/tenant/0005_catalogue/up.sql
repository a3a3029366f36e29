create extension if not exists pg_trgm;

create sequence item_sku_numbers;

create table items (
  id uuid primary key,
  sku text not null unique,
  name text not null check (length(name) between 1 and 300),
  generic_name text check (length(generic_name) <= 200),
  brand_names text check (length(brand_names) <= 500),
  strength text check (length(strength) <= 100),
  form text check (length(form) <= 100),
  barcode text check (length(barcode) between 1 and 64),
  -- Stock is counted in the base unit; the factors say how many of the smaller unit the larger one holds.
  base_unit text not null check (length(base_unit) between 1 and 40),
  wholesale_unit text check (length(wholesale_unit) between 1 and 40),
  supplier_unit text check (length(supplier_unit) between 1 and 40),
  base_per_wholesale numeric(20, 4) check (base_per_wholesale > 0),
  wholesale_per_supplier numeric(20, 4) check (wholesale_per_supplier > 0),
  -- Price of one base unit, without tax, in the company's currency. Null: not priced yet.
  retail_price numeric(20, 4) check (retail_price >= 0),
  -- Null: the pharmacist has not decided.
  tax_class text check (tax_class in ('standard', 'zero_rated', 'exempt', 'out_of_scope')),
  is_controlled boolean not null default false,
  is_prescription_only boolean not null default false,
  is_cold_chain boolean not null default false,
  archived_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  search_text text not null generated always as (
    lower(name || ' ' || coalesce(generic_name, '') || ' ' || coalesce(brand_names, '') || ' ' || sku || ' ' || coalesce(barcode, ''))
  ) stored,
  constraint items_wholesale_whole check ((wholesale_unit is null) = (base_per_wholesale is null)),
  constraint items_supplier_whole check ((supplier_unit is null) = (wholesale_per_supplier is null)),
  constraint items_supplier_needs_wholesale check (supplier_unit is null or wholesale_unit is not null)
);
create unique index items_name on items (lower(name)) where archived_at is null;
create unique index items_barcode on items (barcode) where archived_at is null;
create index items_by_name on items (lower(name), id) where archived_at is null;
create index items_search on items using gin (search_text gin_trgm_ops);

-- An uploaded file is kept here until it has been read: no second store to isolate, encrypt and erase.
create table item_imports (
  id uuid primary key,
  file_name text not null check (length(file_name) between 1 and 255),
  content bytea,
  options jsonb not null,
  state text not null check (state in ('waiting', 'running', 'done', 'failed')),
  rows_total integer check (rows_total >= 0),
  rows_read integer not null default 0,
  rows_added integer not null default 0,
  rows_skipped integer not null default 0,
  rows_rejected integer not null default 0,
  error text check (length(error) <= 2000),
  created_by uuid not null references users,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  constraint item_imports_counts check (rows_read = rows_added + rows_skipped + rows_rejected),
  constraint item_imports_within_total check (rows_total is null or rows_read <= rows_total),
  constraint item_imports_finished check ((state in ('done', 'failed')) = (finished_at is not null)),
  constraint item_imports_keeps_file check (state in ('done', 'failed') or content is not null)
);
create index item_imports_recent on item_imports (created_at desc);

create table item_import_rejections (
  import_id uuid not null references item_imports,
  row_number integer not null check (row_number > 0),
  reason text not null,
  cells jsonb not null,
  primary key (import_id, row_number)
);
