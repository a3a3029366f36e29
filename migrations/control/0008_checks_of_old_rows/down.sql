-- A check that holds needs no undoing.
select;
