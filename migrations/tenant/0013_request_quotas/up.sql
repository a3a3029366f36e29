-- What all processes together have taken of a quota in its present window. They take it in portions, so this row is
-- written once for many requests. Keys are hashes: no address is here.
create table request_quotas (
  key text primary key,
  window_start timestamptz not null,
  taken bigint not null check (taken > 0)
);
create index request_quotas_window on request_quotas (window_start);

-- Support reads the pharmacy's records, not its traffic.
revoke select on request_quotas from pharmacy_reader;
