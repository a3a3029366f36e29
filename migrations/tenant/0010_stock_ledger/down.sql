drop table stock_balances;
drop table stock_movements;
drop function refuse_ledger_change();
drop table batches;
alter table items drop column cost_price;
