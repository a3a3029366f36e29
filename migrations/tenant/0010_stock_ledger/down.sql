drop table stock_balances;
drop table stock_movements;
drop function refuse_ledger_change();
drop table batches;
drop index items_archived, items_without_price, items_without_tax_class;
alter table items drop column cost_price;
