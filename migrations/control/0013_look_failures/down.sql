drop table contracts;
alter table deployment_targets drop column is_lock_unknown;
alter table tenant_schemas drop column look_error, drop column look_tried_at;
