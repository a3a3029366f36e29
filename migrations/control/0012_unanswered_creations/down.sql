alter table tenant_databases drop column creation_asked_at;
