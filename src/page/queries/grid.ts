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
  when length(partition) = 7 and partition ~ '^\\d{4}-\\d\\d$' then partition
  when partition ~ '^\\d{4}-\\d\\d(-\\d\\d(T\\d\\d)?)?$' then left(partition, 7)
  when partition ~ '^\\d{4}-W\\d\\d$' then to_char(to_date(partition, 'IYYY-"W"IW'), 'YYYY-MM')
  when partition ~ '^\\d{4}-Q[1-4]$'
    then left(partition, 5) || lpad((right(partition, 1)::int * 3 - 2)::text, 2, '0')
  when partition ~ '^\\d{4}$' then partition || '-01'
  else ''
end`;

/**
 * What is live of a pipeline in a target, by the index of what is live.
 *
 * Without the OFFSET it becomes a join, for which all loads there ever were are read.
 */
const LIVE = `select pipeline, partition, version, rows, published_at, run_id from sluice.loads
where target = t.target and state = 'live' and pipeline = t.pipeline offset 0`;

/** Months that are shown, and what is live in them. */
export interface Cells {
  /** First and last month of all that is live; null where nothing has a month. */
  readonly first: string | null;
  readonly last: string | null;
  readonly cells: readonly Cell[];
}

/**
 * What is live of some pipelines: in some months, and what has none.
 *
 * @param to the newest month that is shown; null: the newest there is
 * @param months how many are shown
 */
export async function readCells(
  db: Queryable,
  pipelines: readonly string[],
  to: string | null,
  months: number,
): Promise<Cells> {
  const rows = await db.query<Cell & { first: string | null; last: string | null }>(
    `with live as materialized (
  select l.*, ${MONTH} as month
  from sluice.target_pipelines t
  cross join lateral (${LIVE}) l
  where t.pipeline = any($1::text[])
),
span as (select min(month) as first, max(month) as last from live where month <> ''),
shown as (
  select first, last, greatest(first, least(last, coalesce($2, last))) as newest from span
),
cells as (
  select l.pipeline, l.month, count(*)::int as partitions,
    case when count(*) = 1 then min(l.partition) end as partition,
    max(l.version) as version, sum(l.rows)::bigint as rows, sum(r.rejects)::int as rejects,
    min(l.published_at) as published_at
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
  ) r
  where l.month = '' or l.month between
    (select to_char(to_date(newest, 'YYYY-MM') - make_interval(months => $3::int - 1), 'YYYY-MM')
      from shown)
    and (select newest from shown)
  group by l.pipeline, l.month
)
select first, last, c.* from shown left join cells c on true`,
    [pipelines, to, months],
  );
  const { first = null, last = null } = rows[0] ?? {};
  return { first, last, cells: rows.filter(({ pipeline }) => pipeline !== null) };
}
