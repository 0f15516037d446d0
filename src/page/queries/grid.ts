import type { Queryable } from "../../db/database.ts";

/** How a pipeline stands: its newest run. Times are ISO 8601 in UTC. */
export interface Standing {
  readonly pipeline: string;
  readonly run_id: string;
  readonly status: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly error: string | null;
}

/** What is live of a pipeline in one month: one partition or more. */
export interface Cell {
  readonly pipeline: string;
  /** `2021-02`; empty: a whole table, or a list. */
  readonly month: string;
  readonly partitions: number;
  /** Where there is one partition: its name, and its version. */
  readonly partition: string | null;
  readonly version: number;
  readonly rows: number | bigint;
  /** Those that were loaded since left out; of each partition 1,000 at most are counted. */
  readonly rejects: number;
  /** Of the oldest partition. */
  readonly published_at: string;
}

/** Pipelines that are listed at most. */
export const MOST_PIPELINES = 5_000;

/** Rejected rows that are counted for each partition: an exact number is on the view of rejects. */
export const MOST_REJECTS = 1_000;

/**
 * Every pipeline of the ledger with its newest run.
 *
 * The index is jumped through from name to name: the runs between are not looked at.
 */
export async function readStandings(db: Queryable): Promise<Standing[]> {
  return await db.query<Standing>(
    `with recursive names as (
  (select pipeline from sluice.runs order by pipeline limit 1)
  union all
  select (select r.pipeline from sluice.runs r where r.pipeline > n.pipeline
    order by r.pipeline limit 1)
  from names n where n.pipeline is not null
)
select r.pipeline, r.id as run_id, r.status, r.started_at, r.ended_at,
  left(r.error ->> 'message', 300) as error
from (select pipeline from names where pipeline is not null limit ${MOST_PIPELINES}) n
cross join lateral (
  select * from sluice.runs where pipeline = n.pipeline order by started_at desc limit 1
) r`,
  );
}

/** Whether the ledger knows a pipeline. */
export async function hasRuns(db: Queryable, pipeline: string): Promise<boolean> {
  const [{ found }] = await db.query<{ found: boolean }>(
    `select exists (select from sluice.runs where pipeline = $1) as found`,
    [pipeline],
  );
  return found;
}

/** The month that a partition belongs to; of a week that of its Monday, of longer periods the first. */
const MONTH = `case
  when partition is null then ''
  when partition ~ '^\\d{4}-\\d\\d(-\\d\\d(T\\d\\d)?)?$' then left(partition, 7)
  when partition ~ '^\\d{4}-W\\d\\d$' then to_char(to_date(partition, 'IYYY-"W"IW'), 'YYYY-MM')
  when partition ~ '^\\d{4}-Q[1-4]$'
    then left(partition, 5) || lpad((right(partition, 1)::int * 3 - 2)::text, 2, '0')
  when partition ~ '^\\d{4}$' then partition || '-01'
  else ''
end`;

/** First and last month of what is live of some pipelines; null where nothing has a month. */
export async function readMonths(
  db: Queryable,
  pipelines: readonly string[],
): Promise<{ readonly first: string | null; readonly last: string | null }> {
  const [months] = await db.query<{ first: string | null; last: string | null }>(
    `select min(month) as first, max(month) as last
from (select ${MONTH} as month ${LIVE}) l where month <> ''`,
    [pipelines],
  );
  return months;
}

/** What is live of some pipelines: in these months, and what has none. */
export async function readCells(
  db: Queryable,
  pipelines: readonly string[],
  { first, last }: { readonly first: string; readonly last: string },
): Promise<Cell[]> {
  return await db.query<Cell>(
    `with live as materialized (
  select l.* from (select l.*, ${MONTH} as month ${LIVE}) l
  where month = '' or month between $2 and $3
)
select pipeline, month, count(*)::int as partitions,
  case when count(*) = 1 then min(partition) end as partition,
  max(version) as version, sum(rows)::bigint as rows, sum(rejects)::int as rejects,
  min(published_at) as published_at
from live l
cross join lateral (
  select count(*) as rejects from (
    select 1 from sluice.rejected_rows x
    where l.partition is not null and x.run_id = l.run_id and x.partition = l.partition
      and x.replayed_at is null
    union all
    select 1 from sluice.rejected_rows x
    where l.partition is null and x.run_id = l.run_id and x.partition is null
      and x.replayed_at is null
    limit ${MOST_REJECTS}
  ) counted
) rejected
group by pipeline, month`,
    [pipelines, first, last],
  );
}

/** By the index of what is live, which is by target. */
const LIVE = `from sluice.loads l
where state = 'live' and pipeline = any($1::text[])
  and target in (select target from sluice.target_pipelines where pipeline = any($1::text[]))`;
