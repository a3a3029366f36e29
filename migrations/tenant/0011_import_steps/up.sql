-- @waive contract-phase: the checks come back wider or by the steps that the new code keeps; no stage was in production when this was written, so it only ever meets empty tables
-- @waive index-concurrently: no stage was in production when this was written, so it only ever meets empty tables
-- @waive whole-table: a pharmacy has a few imports, and no stage was in production when this was written
-- An import in steps that a person goes through: reading the file, matching its columns, a dry run, the run itself,
-- and, if they want it, undoing it. The rows of the file are staged, so that every step works through them in chunks.
alter table item_imports drop constraint item_imports_state_check;
alter table item_imports drop constraint item_imports_counts;
alter table item_imports drop constraint item_imports_finished;
alter table item_imports drop constraint item_imports_keeps_file;
-- An import under way was begun by code that knew no steps: it ends here, and what it added stays.
update item_imports set state = 'failed', finished_at = created_at, content = null,
  error = 'PharmaSight was updated meanwhile. Upload the file again: items that were added are known by then.'
  where state in ('waiting', 'running');
alter table item_imports add constraint item_imports_state check (state in (
  'waiting', 'reading', 'mapping', 'checking', 'checked', 'running', 'paused', 'done', 'undoing', 'undone', 'cancelled', 'failed'
)) not valid;
-- Counts every step and every chunk. A message that names another turn came twice, late or out of order.
alter table item_imports add column turn integer not null default 0;
-- Number of the last row that the step under way has worked off.
alter table item_imports add column position integer not null default 0;
-- When the next chunk was asked for last: a hint that was lost is sent again.
alter table item_imports add column hinted_at timestamptz;
-- When the step under way began or went on, and how much was done by then: its pace is counted from there.
alter table item_imports add column stage_started_at timestamptz;
alter table item_imports add column stage_rows integer not null default 0;
-- SHA-256 of the file, hexadecimal.
alter table item_imports add column file_digest text;
alter table item_imports add column format text;
-- Names of the workbook's sheets and which of them is read; null for a CSV file.
alter table item_imports add column sheets jsonb;
alter table item_imports add column sheet text;
-- Number of the row that names the columns, and those names.
alter table item_imports add column header_row integer;
alter table item_imports add column header jsonb;
update item_imports set header = options -> 'header' where options ? 'header';
-- Field → index of the column, as the person confirmed it.
alter table item_imports add column mapping jsonb;
alter table item_imports add column rows_updated integer not null default 0;
-- Of the dry run. `checked_at`: when it began; an item that changed since is not updated.
alter table item_imports add column checked_at timestamptz;
alter table item_imports add column rows_checked integer not null default 0;
alter table item_imports add column rows_new integer not null default 0;
alter table item_imports add column rows_known integer not null default 0;
alter table item_imports add column rows_bad integer not null default 0;
-- Of the dry run, then of the run: new items without a tax class, rows whose opening stock is taken, and rows whose
-- stock is left out because that batch was opened before.
alter table item_imports add column rows_parked integer not null default 0;
alter table item_imports add column rows_stocked integer not null default 0;
alter table item_imports add column rows_stock_left integer not null default 0;
alter table item_imports add column rows_undone integer not null default 0;
-- Changes of an import that could not be undone: what they touched was changed since.
alter table item_imports add column rows_kept integer not null default 0;
-- Branch id → number of its opening-stock document; a branch is in it from its first row with stock.
alter table item_imports add column document_numbers jsonb not null default '{}';
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

-- Digests of names, barcodes and batches that the dry run has seen in the file: a later row with one of them repeats it.
create table item_import_keys (
  import_id uuid not null references item_imports on delete cascade,
  key text not null,
  row_number integer not null,
  primary key (import_id, key)
);

-- `stock_left`: the item was taken, its opening stock was not.
alter table item_import_rejections add column kind text not null default 'rejected';
alter table item_import_rejections add constraint item_import_rejections_kinds
  check (kind in ('rejected', 'stock_left')) not valid;

-- What a run did, row by row: to undo it. An item is added or updated by one row; others may add to its stock.
create table item_import_changes (
  import_id uuid not null references item_imports,
  row_number integer not null check (row_number > 0),
  item_id uuid not null references items,
  change text not null check (change in ('added', 'updated', 'stocked')),
  -- The item's fields before an update.
  before jsonb,
  -- The item's time of change right after the run changed it: another one now means that somebody changed it since.
  item_changed_at timestamptz,
  undone_at timestamptz,
  -- Why it could not be undone.
  kept_reason text,
  primary key (import_id, row_number),
  constraint item_import_changes_before check ((change = 'updated') = (before is not null)),
  constraint item_import_changes_changed_at check ((change = 'stocked') = (item_changed_at is null)),
  constraint item_import_changes_one_end check (undone_at is null or kept_reason is null)
);
create index item_import_changes_item on item_import_changes (item_id);
create index item_import_changes_open on item_import_changes (import_id, item_id)
  where undone_at is null and kept_reason is null;

-- How a heading was matched last time: the next file of the same supplier needs no second look. Headings in the form in
-- which they are compared.
create table import_headings (
  heading text primary key check (length(heading) between 1 and 200),
  -- Null: this column is left out.
  field text,
  changed_at timestamptz not null
);
