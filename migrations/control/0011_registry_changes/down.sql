drop view registry.changes;
