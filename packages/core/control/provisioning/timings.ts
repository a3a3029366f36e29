import { sql } from "kysely";
import type { ControlScope } from "../scope.ts";

export interface StepTiming {
  readonly step: string;
  /** Jobs that finished it. */
  readonly count: number;
  /** From its first run to its end, waits and failures included, in seconds. */
  readonly median: number;
  readonly p95: number;
  readonly longest: number;
  /** Runs that failed, or never came back. */
  readonly failures: number;
  /** Looks that found the other side not ready yet. */
  readonly waits: number;
}

interface Row {
  readonly step: string;
  readonly count: string;
  readonly median: number | null;
  readonly p95: number | null;
  readonly longest: number | null;
  readonly failures: string;
  readonly waits: string;
}

/**
 * Where the time of provisioning goes, over the newest jobs, step by step in their order; the last line, `whole job`, is
 * from a sign-up's code to an open pharmacy.
 */
export async function timings(control: ControlScope, { jobsMax }: { readonly jobsMax: number }): Promise<StepTiming[]> {
  const { rows } = await sql<Row>`
    with recent as (
      select id, created_at, finished_at, state from control.provisioning_jobs order by id desc limit ${jobsMax}
    ), runs as (
      select a.step, a.job_id, min(a.started_at) as began,
        max(a.finished_at) filter (where a.outcome = 'done') as ended,
        count(*) filter (where a.outcome = 'failed' or (a.outcome is null and a.fence < last.fence)) as failures,
        count(*) filter (where a.outcome = 'waited') as waits
      from control.provisioning_attempts a
      join recent on recent.id = a.job_id
      join lateral (
        select max(newest.fence) as fence from control.provisioning_attempts newest where newest.job_id = a.job_id
      ) last on true
      group by a.step, a.job_id
    ), lines as (
      select runs.step, coalesce(min(s.position), 0) as position, count(ended) as count,
        array_remove(array_agg(extract(epoch from ended - began)::float8), null) as seconds,
        sum(failures) as failures, sum(waits) as waits
      from runs left join control.provisioning_steps s on s.job_id = runs.job_id and s.name = runs.step
      group by runs.step
      union all
      select 'whole job', 100000, count(*) filter (where state = 'done'),
        array_remove(array_agg(extract(epoch from finished_at - created_at)::float8) filter (where state = 'done'), null),
        count(*) filter (where state = 'failed'), 0
      from recent
    )
    select step, count, failures, waits,
      (select percentile_cont(0.5) within group (order by value) from unnest(seconds) value) as median,
      (select percentile_cont(0.95) within group (order by value) from unnest(seconds) value) as p95,
      (select max(value) from unnest(seconds) value) as longest
    from lines order by position, step
  `.execute(control.db);
  return rows.map((row) => ({
    step: row.step,
    count: Number(row.count),
    median: row.median ?? 0,
    p95: row.p95 ?? 0,
    longest: row.longest ?? 0,
    failures: Number(row.failures),
    waits: Number(row.waits),
  }));
}
