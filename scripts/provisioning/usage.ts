export const USAGE = `
npm run provisioning -- <command> [options]

Looking
  list [--state queued|running|done|failed|rolling_back|rolled_back] [--limit 50] [--before <job>]
  show <pharmacy>          steps, every run of them, database, mails, what was done by whom
  timings [--jobs 100]     per step: median, 95th percentile, longest, failures, waits
  orphans                  database projects that serve nobody

Changing: each needs --reason "…", which the audit log keeps
  retry <pharmacy>         go on at the step that failed, or at once instead of at the next attempt
  adopt <pharmacy> --credential <file|-> --project <ref> [--provider supabase|postgres]
  adopt <pharmacy> --credential <file|-> --session <host:port/database> --pooled <host:port/database>
                   [--user-suffix <.text>]
                           go on in a database that a person made. The credential is JSON, from a file or, with -,
                           from standard input: {"user": "…", "password": "…"}; a project needs the password only
  rollback <pharmacy> --confirm <subdomain>
                           give it up: delete what was made, free the address, let the owner sign up again
  resend <pharmacy> [--email <address>]
                           mail the welcome with a new link, to a corrected address if one is given

<pharmacy> is a subdomain, a tenant's id or a job's id.
--operator <name> says who you are; without it, the name of your account on this machine.

Exit codes: 0 done, 1 refused or failed, 2 called wrongly. docs/provisioning.md says which command mends what.
`.trimStart();
