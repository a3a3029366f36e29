-- Keys by which a pharmacy's programs call its API. A key is shown once; only its hash is here.
create table api_keys (
  id uuid primary key,
  name text not null check (length(name) between 1 and 100),
  -- How people tell keys apart: the beginning of the key, worth nothing by itself.
  prefix text not null check (prefix ~ '^ps_[0-9a-f]{8}$'),
  key_hash text not null unique,
  scopes text[] not null check (cardinality(scopes) > 0 and scopes <@ array['items:read', 'items:write']),
  -- Null: until it is revoked.
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  use_count bigint not null default 0 check (use_count >= 0),
  created_by uuid not null references users,
  created_at timestamptz not null,
  constraint api_keys_expire_later check (expires_at > created_at)
);

-- Support reads what the pharmacy has, never what lets programs in.
revoke select on api_keys from pharmacy_reader;
