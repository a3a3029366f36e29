-- An import in steps that a person goes through: reading the file, matching its columns, a dry run, the run itself,
-- and, if they want it, undoing it. The rows of the file are staged, so that every step works through them in chunks.
alter table item_imports drop constraint item_imports_state_check;
alter table item_imports drop constraint item_imports_counts;
alter table item_imports drop constraint item_imports_finished;
alter table item_imports drop constraint item_imports_keeps_file;
alter table item_imports add constraint item_imports_state check (state in (
  'waiting', 'reading', 'mapping', 'checking', 'checked', 'running', 'paused', 'done', 'undoing', 'undone', 'cancelled', 'failed'
)) not valid;
-- SHA-256 of the file, hexadecimal.
alter table item_imports add column file_digest text;
alter table item_imports add column format text;
-- Names of the workbook's sheets and which of them is read; null for a CSV file.
alter table item_imports add column sheets jsonb;
alter table item_imports add column sheet text;
-- Number of the row that names the columns, and those names.
alter table item_imports add column header_row integer;
alter table item_imports add column header jsonb;
-- Field → index of the column, as the person confirmed it.
alter table item_imports add column mapping jsonb;
alter table item_imports add column rows_updated integer not null default 0;
-- Of the dry run.
alter table item_imports add column rows_checked integer not null default 0;
alter table item_imports add column rows_new integer not null default 0;
alter table item_imports add column rows_known integer not null default 0;
alter table item_imports add column rows_bad integer not null default 0;
alter table item_imports add column rows_undone integer not null default 0;
-- Changes of an import that could not be undone: what they touched was changed since.
alter table item_imports add column rows_kept integer not null default 0;
-- Number of the opening-stock document; null until the first row with stock.
alter table item_imports add column document_number text;
alter table item_imports add column undone_at timestamptz;
alter table item_imports add constraint item_imports_formats check (format in ('csv', 'xlsx')) not valid;
alter table item_imports add constraint item_imports_counts check (
  rows_read = rows_added + rows_updated + rows_skipped + rows_rejected
) not valid;
create index item_imports_digest on item_imports (file_digest);

create table item_import_rows (
  import_id uuid not null references item_imports on delete cascade,
  -- As a spreadsheet shows it, from 1.
  row_number integer not null check (row_number > 0),
  cells jsonb not null,
  primary key (import_id, row_number)
);

-- What a run did, row by row: to undo it.
create table item_import_changes (
  import_id uuid not null references item_imports,
  row_number integer not null check (row_number > 0),
  item_id uuid not null references items,
  change text not null check (change in ('added', 'updated')),
  -- The item's fields before an update.
  before jsonb,
  undone_at timestamptz,
  primary key (import_id, row_number),
  constraint item_import_changes_before check ((change = 'updated') = (before is not null))
);
create index item_import_changes_item on item_import_changes (item_id);

-- How a heading was matched last time: the next file of the same supplier needs no second look. Headings in the form in
-- which they are compared.
create table import_headings (
  heading text primary key check (length(heading) between 1 and 200),
  -- Null: this column is left out.
  field text,
  changed_at timestamptz not null
);
