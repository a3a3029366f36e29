-- Effects that commit with the change that wants them; the same shape as the control plane's.
create table outbox (
  id uuid primary key,
  queue text not null,
  payload jsonb not null,
  dedupe_key text not null unique,
  due_at timestamptz not null,
  sent_at timestamptz,
  done_at timestamptz,
  attempts integer not null default 0,
  last_error text check (length(last_error) <= 2000),
  created_at timestamptz not null
);
create index outbox_open on outbox (due_at) where done_at is null;

create table audit_log (
  id uuid primary key,
  at timestamptz not null,
  actor_kind text not null check (actor_kind in ('visitor', 'member', 'api_key', 'job', 'operator')),
  actor_id text,
  action text not null,
  reason text,
  source_ip text,
  request_id text,
  before jsonb,
  after jsonb
);
create index audit_log_at on audit_log (at desc);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_append_only before update or delete on audit_log
  for each row execute function refuse_audit_change();
create trigger audit_log_no_truncate before truncate on audit_log
  for each statement execute function refuse_audit_change();
revoke update, delete on audit_log from pharmacy_app;
