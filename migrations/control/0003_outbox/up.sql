-- Effects that commit with the change that wants them. A row is sent as a hint to its queue and done when its effect is.
create table outbox (
  id uuid primary key,
  queue text not null,
  -- For mails: what to say, not the text; for jobs: the message itself.
  payload jsonb not null,
  -- The same effect wanted twice is one row.
  dedupe_key text not null unique,
  -- Not to be sent before.
  due_at timestamptz not null,
  sent_at timestamptz,
  done_at timestamptz,
  attempts integer not null default 0,
  last_error text check (length(last_error) <= 2000),
  created_at timestamptz not null
);
create index outbox_open on outbox (due_at) where done_at is null;
