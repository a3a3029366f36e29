drop table tenant_databases, tenant_modules, tenant_subscriptions, tenant_hosts, tenants, subscription_plans;
alter default privileges in schema control revoke select, insert, update, delete on tables from control_app;
revoke usage on schema control from control_app;
