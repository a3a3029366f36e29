alter table sign_ups drop column has_opened;
drop table find_requests;
drop table tenant_people;
alter table tenants drop column profile_version;
drop index tenants_trial_mailbox;
alter table tenants drop column trial_mailbox;
drop index tenants_owner_mailbox;
alter table tenants drop column owner_mailbox;
drop table rate_limits;
