create table audit_log (
  id uuid primary key,
  at timestamptz not null,
  actor_kind text not null check (actor_kind in ('visitor', 'operator', 'system')),
  actor_id text,
  tenant_id uuid references tenants,
  action text not null,
  reason text,
  source_ip text,
  request_id text,
  before jsonb,
  after jsonb
);
create index audit_log_tenant on audit_log (tenant_id, at desc);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_append_only before update or delete on audit_log
  for each row execute function refuse_audit_change();
create trigger audit_log_no_truncate before truncate on audit_log
  for each statement execute function refuse_audit_change();
revoke update, delete on audit_log from control_app;
