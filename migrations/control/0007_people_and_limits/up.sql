-- @waive index-concurrently: no stage was in production when this was written, so it only ever meets empty tables
-- Hits of one key within its window: the limit is exact however many processes share it. Keys are hashes: no address
-- of a person or a network is here.
create table rate_limits (
  key text primary key,
  hits timestamptz[] not null,
  expires_at timestamptz not null
);
create index rate_limits_expired on rate_limits (expires_at);

-- The mailbox behind an address: sub-addresses and what a provider overlooks are folded. One trial each.
alter table tenants add column owner_mailbox text;
update tenants set owner_mailbox = regexp_replace(owner_email, '^([^+@]+)\+[^@]*@', '\1@');
update tenants set owner_mailbox = replace(split_part(owner_mailbox, '@', 1), '.', '') || '@gmail.com'
  where split_part(owner_mailbox, '@', 2) in ('gmail.com', 'googlemail.com');
create index tenants_owner_mailbox on tenants (owner_mailbox);
-- The mailbox that had the trial: it stays when the pharmacy gets another owner.
alter table tenants add column trial_mailbox text;
update tenants set trial_mailbox = owner_mailbox;
create index tenants_trial_mailbox on tenants (trial_mailbox);

-- What a pharmacy tells of itself is taken when its number is higher than that of what is known.
alter table tenants add column profile_version bigint not null default 0;

-- Which pharmacies a person is of, by a keyed hash of their address: to mail them where they sign in. A pharmacy tells
-- it; nothing else of its people is known here.
create table tenant_people (
  tenant_id uuid not null references tenants on delete cascade,
  email_hash text not null,
  is_present boolean not null,
  -- When the pharmacy said so: an older word never replaces a newer one.
  said_at timestamptz not null,
  primary key (tenant_id, email_hash)
);
create index tenant_people_email on tenant_people (email_hash) where is_present;

-- An address that somebody gave to be mailed where it signs in. Deleted with the mail: no list of who asked is kept.
create table find_requests (
  id uuid primary key,
  email text not null check (email = lower(email) and length(email) <= 254),
  created_at timestamptz not null
);

-- Whether its code has opened a tenant. It stays so when that tenant's provisioning is rolled back, and the sign-up is
-- free to open another one: the person is told.
alter table sign_ups add column has_opened boolean not null default false;
update sign_ups set has_opened = true where tenant_id is not null;
