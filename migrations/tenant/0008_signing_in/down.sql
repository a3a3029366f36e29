grant select on invitations to pharmacy_reader;
drop table password_resets;
drop table recovery_codes;
drop table two_factors;
alter table sessions drop column last_seen_at;
drop table rate_limits;
