-- When the provider was last asked to make the project, until it is known which one it made: a creation whose answer was
-- lost may show itself a while later, and must not be asked for twice.
alter table tenant_databases add column creation_asked_at timestamptz;
