import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/ledger/mod.ts";

/** How much there is of everything. */
export interface LedgerSize {
  readonly pipelines: number;
  /** Months of each pipeline, the last one 2025-12. */
  readonly partitions: number;
  readonly runs: number;
}

export const BIG: LedgerSize = { pipelines: 200, partitions: 60, runs: 100_000 };

/**
 * Fills a ledger as years of use leave it: each pipeline with all its months live and a version
 * before, runs in every state, rejects in one partition of seven, checks, logs.
 */
export async function fillLedger(db: Database, size: LedgerSize): Promise<void> {
  await migrate(db);
  const { pipelines, partitions, runs } = size;
  const pipelineOf = (n: string) => `'pipeline_' || lpad((${n})::text, 3, '0')`;
  const runOf = (n: string) => `md5('run ' || (${n}))::uuid`;
  await db.query(
    `insert into sluice.runs (id, pipeline, target, spec_hash, status, started_at, ended_at,
  rows_read, rows_loaded, rows_rejected, bytes_read, phases, error, host, version)
select ${runOf("n")}, ${pipelineOf("n % $2::int")}, 'data.' || ${pipelineOf("n % $2::int")}, 'hash',
  status, at, at + make_interval(secs => 20 + n % 90), 1000000 + n,
  case when status = 'succeeded' then 1000000 + n - n % 13 else 0 end,
  n % 13, 84000000 + n,
  '{"read": 3.1, "parse": 9.5, "copy": 11.2, "index": 2.5, "publish": 0.1}',
  case when status in ('failed', 'refused') then jsonb_build_object(
    'code', 'source/unreachable', 'message', 'The server does not answer: connection refused',
    'retry', 'later', 'hint', 'Check the address') end,
  'host-' || n % 3, '0.1.0'
from (
  select n, timestamptz '2026-01-01' - make_interval(mins => ($1::int - n) * 5) as at,
    (array['succeeded', 'succeeded', 'succeeded', 'unchanged', 'unchanged', 'failed', 'refused',
      'interrupted'])[1 + (n / $2::int + n) % 8] as status
  from generate_series(1, $1::int) n
) r`,
    [runs, pipelines],
  );
  await db.query(
    `insert into sluice.target_pipelines
select 'data.' || ${pipelineOf("n")}, ${
      pipelineOf("n")
    }, false from generate_series(0, $1::int - 1) n`,
    [pipelines],
  );
  await db.query(
    `insert into sluice.loads (pipeline, target, partition, version, run_id, table_schema,
  table_name, source_url, bytes, sha256, rows, spec_hash, state, published_at)
select ${pipelineOf("p")}, 'data.' || ${pipelineOf("p")}, partition, v, ${
      runOf("1 + (p + $1::int * (m * 2 + v)) % $3::int")
    },
  'data', ${pipelineOf("p")} || '__' || replace(partition, '-', '_') || '__v' || v,
  'https://example.com/' || partition || '.csv.gz', 84000000 + m, md5(partition || v),
  900000 + 1000 * m + v, 'hash', case when v = 2 then 'live' else 'retained' end,
  timestamptz '2026-01-01' - make_interval(days => m)
from generate_series(0, $1::int - 1) p, generate_series(0, $2::int - 1) m, generate_series(1, 2) v,
  to_char(date '2025-12-01' - make_interval(months => m), 'YYYY-MM') partition`,
    [pipelines, partitions, runs],
  );
  await db.query(
    `insert into sluice.rejected_rows (run_id, pipeline, partition, source_url, line, byte_offset,
  column_name, code, message, raw)
select run_id, pipeline, partition, source_url, n, n * 80, 'amount', 'not_a_number',
  '"abc" is not a number', convert_to('1,2021-01-01,abc', 'UTF8')
from sluice.loads, generate_series(1, 25) n where id % 7 = 0`,
  );
  await db.query(
    `insert into sluice.check_results (run_id, pipeline, target, partition, version, name, kind,
  severity, passed, observed, expected, checked_at)
select run_id, pipeline, target, partition, version, 'row_count', 'row_count', 'error', id % 11 > 0,
  rows::text, 'at least 1000', published_at
from sluice.loads`,
  );
  await db.query(
    `insert into sluice.logs (run_id, at, level, pipeline, message)
select id, started_at, (array['info', 'info', 'warning', 'error'])[1 + n % 4], pipeline,
  'Record ' || n
from (select * from sluice.runs order by started_at desc limit 1000) r, generate_series(1, 40) n`,
  );
  await db.query("analyze");
}
