import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/ledger/mod.ts";

/** The statements of the migration "Keep log records, and answer questions with views". */
export const LEDGER_OBJECTS: readonly string[] = [
  // No reference to runs: records of a run that never began are worth keeping too.
  `create table sluice.logs (
  id bigint generated always as identity primary key,
  run_id uuid,
  at timestamptz not null,
  level text not null check (level in ('debug', 'info', 'warning', 'error')),
  pipeline text,
  partition text,
  stage text,
  message text not null,
  attributes jsonb not null default '{}'
)`,
  `create index logs_by_run on sluice.logs (run_id, id)`,
  `create index logs_by_time on sluice.logs (at)`,
  // What was loaded when, from which file, what was rejected, what changed.
  `create view sluice.load_history as
select l.pipeline, l.target, l.partition, l.version, l.state, l.published_at, l.source_url,
  l.last_modified, l.bytes, l.sha256, l.rows, j.rows_rejected,
  l.rows - lag(l.rows) over versions as rows_more,
  l.sha256 is distinct from lag(l.sha256) over versions as source_changed,
  l.rows_inserted, l.rows_updated, l.rows_unchanged, l.rows_deleted,
  l.run_id, r.started_at as run_started_at, r.host, r.version as sluice_version
from sluice.loads l
join sluice.runs r on r.id = l.run_id
cross join lateral (
  select count(*) as rows_rejected
  from sluice.rejected_rows x
  where x.run_id = l.run_id and x.partition is not distinct from l.partition
) j
window versions as (partition by l.target, l.partition order by l.version)`,
  // How each pipeline stands: its newest run, and when it last went well.
  `create view sluice.last_runs as
select distinct on (pipeline, target) pipeline, target, id as run_id, command, status, started_at,
  ended_at, seconds, rows_read, rows_loaded, rows_rejected, bytes_read,
  rows_loaded / nullif(seconds, 0) as rows_per_second,
  error ->> 'code' as error_code, error ->> 'message' as error_message,
  max(ended_at) filter (where status in ('succeeded', 'unchanged'))
    over (partition by pipeline, target) as last_success
from (
  select *, extract(epoch from coalesce(ended_at, clock_timestamp()) - started_at)
    ::double precision as seconds
  from sluice.runs
) r
order by pipeline, target, started_at desc`,
  // Why rows were rejected, those that were loaded since left out.
  `create view sluice.reject_reasons as
select run_id, pipeline, partition, column_name, code, count(*) as rows,
  min(message) as example, min(line) as first_line, max(rejected_at) as last_rejected_at
from sluice.rejected_rows
where replayed_at is null
group by run_id, pipeline, partition, column_name, code`,
];

/** Brings the ledger up to date, with those objects where its migrations do not have them yet. */
export async function withLedgerObjects(db: Database): Promise<void> {
  await migrate(db);
  const [{ there }] = await db.query<{ there: boolean }>(
    `select to_regclass('sluice.logs') is not null as there`,
  );
  if (there) return;
  for (const statement of LEDGER_OBJECTS) await db.query(statement);
}
