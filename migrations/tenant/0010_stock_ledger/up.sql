-- @waive index-concurrently: no stage was in production when this was written, so it only ever meets empty tables
-- What one base unit costs, without tax, in the company's currency. Null: not known. Its own permission reads it.
alter table items add column cost_price numeric(20, 4);
alter table items add constraint items_cost_price check (cost_price >= 0) not valid;
-- One for each filter of the list, in its order.
create index items_without_tax_class on items (lower(name), id) where archived_at is null and tax_class is null;
create index items_without_price on items (lower(name), id) where archived_at is null and retail_price is null;
create index items_archived on items (lower(name), id) where archived_at is not null;

create table batches (
  id uuid primary key,
  item_id uuid not null references items,
  -- Blank: the supplier gave none.
  batch_number text not null check (length(batch_number) <= 64),
  -- Null: does not expire.
  expires_on date,
  created_at timestamptz not null,
  unique nulls not distinct (item_id, batch_number, expires_on)
);

-- The only truth about stock: rows are added and never changed. Quantities are in the item's base unit.
create table stock_movements (
  id uuid primary key,
  branch_id uuid not null references branches,
  item_id uuid not null references items,
  batch_id uuid not null references batches,
  kind text not null check (kind in ('opening_balance', 'opening_balance_undone')),
  quantity numeric(20, 4) not null check (quantity <> 0),
  -- Of one base unit, without tax. Null: not known.
  unit_cost numeric(20, 4) check (unit_cost >= 0),
  document_number text not null check (length(document_number) between 1 and 40),
  -- What the document is: an import, later a sale or a receipt.
  source_id uuid not null,
  actor_kind text not null check (actor_kind in ('member', 'api_key', 'job')),
  actor_id text not null,
  at timestamptz not null
);
create index stock_movements_item on stock_movements (item_id, branch_id, at);
create index stock_movements_source on stock_movements (source_id);
create function refuse_ledger_change() returns trigger language plpgsql as $$
begin
  raise exception 'the stock ledger is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger stock_movements_append_only before update or delete on stock_movements
  for each row execute function refuse_ledger_change();
create trigger stock_movements_no_truncate before truncate on stock_movements
  for each statement execute function refuse_ledger_change();
revoke update, delete on stock_movements from pharmacy_app;

-- The sum of the movements, kept in their transaction under a lock of the row.
create table stock_balances (
  branch_id uuid not null references branches,
  item_id uuid not null references items,
  batch_id uuid not null references batches,
  quantity numeric(20, 4) not null check (quantity >= 0),
  primary key (item_id, branch_id, batch_id)
);
