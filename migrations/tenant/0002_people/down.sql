drop table sign_in_links, verifications, accounts, sessions, users;
