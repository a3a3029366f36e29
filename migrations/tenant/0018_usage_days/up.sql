-- What was used on a day of the pharmacy's own calendar. Processes count in memory and add here at most once a minute, so
-- that no request waits for a write of its own.
create table usage_days (
  day date primary key,
  -- By programs.
  api_calls bigint not null default 0 check (api_calls >= 0),
  -- Modules that somebody, or a program, worked with.
  modules text[] not null default '{}'
);
