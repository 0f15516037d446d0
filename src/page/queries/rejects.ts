import type { Queryable } from "../../db/database.ts";
import { openRejects } from "../../ledger/mod.ts";

type Count = number | bigint;

/** One rejected row. */
export interface RejectedRow {
  readonly id: Count;
  readonly partition: string | null;
  readonly source_url: string;
  readonly line: Count;
  readonly byte_offset: Count;
  readonly column: string | null;
  readonly code: string;
  readonly message: string;
  /** Its record; of a longer one the beginning. */
  readonly raw: Uint8Array;
  readonly raw_length: number;
}

/** Which rows of a run. */
export interface RejectFilter {
  readonly runId: string;
  /** Null: of all partitions. */
  readonly partition: string | null;
  /** Null: any; empty: of the row as a whole. */
  readonly column: string | null;
  /** Empty: any. */
  readonly code: string;
}

/** Bytes of a record that are shown. */
export const SHOWN_BYTES = 4_000;

/** Rows that are shown at once. */
export const REJECT_PAGE = 50;

/** One page of rejected rows, by their number, one more where there are more. */
export async function readRejects(
  db: Queryable,
  { runId, partition, column, code }: RejectFilter,
  after: string | null,
  limit = REJECT_PAGE + 1,
): Promise<RejectedRow[]> {
  return await db.query<RejectedRow>(
    `select id, partition, source_url, line, byte_offset, column_name as column, code,
  left(message, 1000) as message, substring(raw for ${SHOWN_BYTES}) as raw, length(raw) as raw_length
${openRejects()}
  and ($3::text is null or coalesce(column_name, '') = $3) and ($4 = '' or code = $4)
  and ($5::bigint is null or id > $5)
order by id limit $6`,
    [runId, partition, column, code, after, limit],
  );
}

/** The names of the fields that a run's records have, by partition; null without a header. */
export async function readHeaders(
  db: Queryable,
  runId: string,
): Promise<{ readonly partition: string | null; readonly header: readonly string[] | null }[]> {
  return await db.query(
    `select partition, header from sluice.reject_headers where run_id = $1::uuid limit 1000`,
    [runId],
  );
}

/** A run of a pipeline that has rejected rows. */
export interface RunWithRejects {
  readonly run_id: string;
  readonly started_at: string;
  readonly status: string;
  readonly rows_rejected: Count;
}

/** The newest runs of a pipeline that rejected rows. */
export async function readRunsWithRejects(
  db: Queryable,
  pipeline: string,
): Promise<RunWithRejects[]> {
  return await db.query<RunWithRejects>(
    `select id as run_id, started_at, status, rows_rejected
from (select * from sluice.runs where pipeline = $1 order by started_at desc limit 1000) r
where rows_rejected > 0 and command = 'run' order by started_at desc limit 20`,
    [pipeline],
  );
}
