drop table import_headings;
drop table item_import_changes;
drop table item_import_rows;
alter table item_imports drop constraint item_imports_counts;
alter table item_imports drop constraint item_imports_state;
update item_imports set state = 'failed', finished_at = coalesce(finished_at, created_at),
  rows_skipped = rows_read - rows_added - rows_rejected
  where state not in ('done', 'failed') or rows_updated > 0;
alter table item_imports drop column undone_at;
alter table item_imports drop column document_number;
alter table item_imports drop column rows_kept;
alter table item_imports drop column rows_undone;
alter table item_imports drop column rows_bad;
alter table item_imports drop column rows_known;
alter table item_imports drop column rows_new;
alter table item_imports drop column rows_checked;
alter table item_imports drop column rows_updated;
alter table item_imports drop column mapping;
alter table item_imports drop column header;
alter table item_imports drop column header_row;
alter table item_imports drop column sheet;
alter table item_imports drop column sheets;
alter table item_imports drop column format;
alter table item_imports drop column file_digest;
alter table item_imports add constraint item_imports_state_check check (state in ('waiting', 'running', 'done', 'failed'));
alter table item_imports add constraint item_imports_counts check (rows_read = rows_added + rows_skipped + rows_rejected);
alter table item_imports add constraint item_imports_finished check ((state in ('done', 'failed')) = (finished_at is not null));
alter table item_imports add constraint item_imports_keeps_file check (state in ('done', 'failed') or content is not null);
