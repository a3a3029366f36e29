drop table identity;
alter default privileges in schema pharmacy revoke execute on functions from pharmacy_app, pharmacy_reader;
alter default privileges in schema pharmacy revoke select on tables from pharmacy_reader;
alter default privileges in schema pharmacy revoke usage, select on sequences from pharmacy_app;
alter default privileges in schema pharmacy revoke select, insert, update, delete on tables from pharmacy_app;
revoke usage on schema pharmacy from pharmacy_app, pharmacy_reader;
