alter table companies add column legal_name text;
alter table companies add column tax_id text;
alter table companies add column phone text;
alter table companies add column email text;
alter table companies add column address text;
-- Counts the changes that the control plane is told of, so that it takes the latest whatever the order.
alter table companies add column profile_version bigint not null default 0;
alter table companies add constraint companies_texts check (
  length(legal_name) <= 255 and length(tax_id) <= 40 and length(phone) <= 40 and length(email) <= 254
  and length(address) <= 500
) not valid;

create table company_logos (
  only_row boolean primary key default true check (only_row),
  content bytea not null check (octet_length(content) <= 524288),
  content_type text not null check (content_type in ('image/png', 'image/jpeg', 'image/webp')),
  -- SHA-256, hexadecimal: the logo's address, so that it may be cached for ever.
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  updated_at timestamptz not null
);

alter table branches add column address text;
alter table branches add column phone text;
alter table branches add column archived_at timestamptz;
alter table branches add constraint branches_texts check (length(address) <= 500 and length(phone) <= 40) not valid;
alter table branches add constraint branches_headquarters_stay check (not is_headquarters or archived_at is null) not valid;

-- Gap-free numbers of documents: the row is locked by the transaction that takes one. The start can be set while none
-- was taken.
create table document_series (
  branch_id uuid not null references branches,
  document_type text not null check (document_type ~ '^[A-Z]{2,4}$'),
  next_number bigint not null default 1 check (next_number between 1 and 999999999),
  used_at timestamptz,
  primary key (branch_id, document_type)
);

-- The steps of the first day: done, or put aside. `welcome` is put aside by whoever begins later, `checklist` is done when
-- it was taken off the dashboard.
create table setup_steps (
  step text primary key check (step in ('welcome', 'company', 'branches', 'people', 'items', 'checklist')),
  state text not null check (state in ('done', 'skipped')),
  changed_by uuid not null references users,
  changed_at timestamptz not null
);
