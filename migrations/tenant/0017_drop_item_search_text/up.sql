-- @phase contract
-- @code-knows 16
alter table items drop column search_text;
