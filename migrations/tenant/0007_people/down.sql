drop table invitations;
drop table role_permissions;
drop table user_branch_roles;
drop trigger users_keep_owner on users;
drop function require_owner();
drop index users_one_owner;
drop index users_username;
alter table users drop constraint users_owner_active;
alter table users drop constraint users_reachable;
alter table users drop constraint users_username_shape;
-- Whoever has no mail address or no role everywhere cannot be kept by the earlier shape.
update users set email = username || '@users.invalid' where email is null;
update users set role = 'viewer' where role is null;
alter table users drop column last_seen_at;
alter table users drop column deactivated_at;
alter table users drop column username;
alter table users alter column role set not null;
alter table users alter column email set not null;
