select name, currency, time_zone from companies limit 0;
select code, is_headquarters from branches limit 0;
