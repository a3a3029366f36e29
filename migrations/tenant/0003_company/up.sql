create table companies (
  only_row boolean primary key default true check (only_row),
  name text not null check (length(name) between 1 and 255),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  time_zone text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table branches (
  id uuid primary key,
  code text not null unique check (code ~ '^[A-Z0-9]{2,10}$'),
  name text not null check (length(name) between 1 and 255),
  is_headquarters boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index branches_one_headquarters on branches (is_headquarters) where is_headquarters;
