-- Which tenants changed, also those that no address leads to any more: what a process remembers under an address that was
-- taken away has to go, before the address is somebody else's.
create view registry.changes as
select id as tenant_id, registry_version from control.tenants;

grant select on registry.changes to registry_reader;
