-- The words that were filled in harm nobody.
select 1;
