-- The checks that 0006 added hold for the rows from before too. Apart from adding them, so that neither step blocks
-- readers and writers while it looks.
alter table provisioning_jobs validate constraint provisioning_jobs_state;
alter table provisioning_jobs validate constraint provisioning_jobs_finished;
alter table tenants validate constraint tenants_open_has_schema;
