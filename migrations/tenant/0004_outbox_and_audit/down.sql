drop table audit_log, outbox;
drop function refuse_audit_change();
