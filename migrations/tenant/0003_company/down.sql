drop table branches, companies;
