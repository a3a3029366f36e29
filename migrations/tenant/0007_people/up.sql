-- @waive contract-phase: code of before gives nobody a username, makes one owner, and removes none
-- @waive index-concurrently: no stage was in production when this was written, so it only ever meets empty tables
-- @waive squawk/ban-drop-not-null: code from before sees no such person, they are made by the code that comes with this
-- People without a mail address sign in by a username. `role` holds in every branch; null: only in the branches of
-- user_branch_roles. Nobody is deleted: whoever leaves is deactivated, so that records keep their names.
alter table users alter column email drop not null;
alter table users alter column role drop not null;
alter table users add column username text;
alter table users add column deactivated_at timestamptz;
-- To five minutes. Sessions know it too, and are deleted when they end.
alter table users add column last_seen_at timestamptz;
alter table users add constraint users_username_shape check (username ~ '^[a-z][a-z0-9]*([._-][a-z0-9]+)*$' and length(username) between 3 and 30) not valid;
alter table users add constraint users_reachable check (email is not null or username is not null) not valid;
alter table users add constraint users_owner_active check (role is distinct from 'owner' or (deactivated_at is null and email is not null)) not valid;
create unique index users_username on users (username);
create unique index users_one_owner on users (role) where role = 'owner';

-- A pharmacy never loses its owner: checked when the transaction commits, so that ownership can change hands in one.
create function require_owner() returns trigger language plpgsql as $$
begin
  if old.role = 'owner' and not exists (select from users where role = 'owner') then
    raise exception 'a pharmacy keeps an owner' using errcode = 'check_violation', constraint = 'users_keep_owner';
  end if;
  return null;
end $$;
create constraint trigger users_keep_owner after update or delete on users deferrable initially deferred
  for each row execute function require_owner();

create table user_branch_roles (
  user_id uuid not null references users on delete cascade,
  branch_id uuid not null references branches,
  role text not null check (role in ('admin', 'pharmacist', 'cashier', 'procurement', 'viewer')),
  primary key (user_id, branch_id)
);
create index user_branch_roles_branch on user_branch_roles (branch_id);

-- Where a pharmacy departs from the permissions that a role has by default. The owner's are not up for change.
create table role_permissions (
  role text not null check (role in ('admin', 'pharmacist', 'cashier', 'procurement', 'viewer')),
  permission text not null check (permission ~ '^[a-z_]+\.[a-z_]+$'),
  is_allowed boolean not null,
  changed_by uuid not null references users,
  changed_at timestamptz not null,
  primary key (role, permission)
);

-- The token of an invitation is derived from its id and `link_number`, so none is stored and sending it again ends the
-- earlier link. Branch roles as in user_branch_roles: [{"branchId", "role"}].
create table invitations (
  id uuid primary key,
  name text not null check (length(name) between 1 and 255),
  email text check (email = lower(email) and length(email) <= 254),
  username text check (length(username) between 3 and 30),
  role text check (role in ('admin', 'pharmacist', 'cashier', 'procurement', 'viewer')),
  branch_roles jsonb not null default '[]',
  link_number integer not null default 1 check (link_number > 0),
  expires_at timestamptz not null,
  invited_by uuid not null references users,
  created_at timestamptz not null,
  sent_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz,
  user_id uuid references users,
  constraint invitations_reachable check (email is not null or username is not null),
  constraint invitations_give_something check (role is not null or jsonb_array_length(branch_roles) > 0),
  constraint invitations_accepted_has_user check ((accepted_at is null) = (user_id is null)),
  constraint invitations_one_end check (accepted_at is null or revoked_at is null)
);
create unique index invitations_email on invitations (email) where accepted_at is null and revoked_at is null;
create unique index invitations_username on invitations (username) where accepted_at is null and revoked_at is null;
create index invitations_recent on invitations (created_at desc);
