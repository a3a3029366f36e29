-- @waive contract-phase: what it revokes is for support, which no code reads with
-- Hits of one key within its window: the limit is exact however many processes share it. Keys are hashes: no address
-- and no name of a person is here.
create table rate_limits (
  key text primary key,
  hits timestamptz[] not null,
  expires_at timestamptz not null
);
create index rate_limits_expired on rate_limits (expires_at);

alter table sessions add column last_seen_at timestamptz;

-- A second factor. The secret is sealed with a key of this pharmacy; `last_step` is the time step of the last code that
-- was taken, so that none is taken twice (RFC 6238, 5.2).
create table two_factors (
  user_id uuid primary key references users on delete cascade,
  sealed_secret text not null,
  confirmed_at timestamptz,
  last_step bigint,
  created_at timestamptz not null
);

create table recovery_codes (
  code_hash text primary key,
  user_id uuid not null references users on delete cascade,
  used_at timestamptz,
  created_at timestamptz not null
);
create index recovery_codes_user on recovery_codes (user_id);

-- The token is derived from the id; it is used once, and every session of the person ends with it.
create table password_resets (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  -- Null: they asked for it themselves, by mail.
  created_by uuid references users,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null
);
create index password_resets_user on password_resets (user_id);

-- Support reads people, never what signs them in.
revoke select on rate_limits, two_factors, recovery_codes, password_resets, invitations from pharmacy_reader;
