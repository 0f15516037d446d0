import type { ErrorRecord } from "../core/error.ts";
import type { RowChanges, RunStatus } from "../core/result.ts";
import type { Queryable } from "../db/database.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { appliedMigration, type LoadState } from "./ledger.ts";

/** What was loaded into a pipeline's target, and every run that tried. */
export interface History {
  readonly versions: readonly HistoryVersion[];
  /** How many older versions are left out; undefined: none was to be. */
  readonly older?: number;
  readonly runs: readonly HistoryRun[];
}

export interface HistoryVersion {
  readonly partition: string | null;
  readonly version: number;
  readonly state: LoadState;
  readonly rows: number;
  readonly bytes: number | null;
  readonly source_url: string;
  readonly sha256: string | null;
  readonly run_id: string;
  /** ISO 8601, UTC. */
  readonly published_at: string;
  /** What a merge did to the rows of the target; null where the load was exchanged. */
  readonly changes: RowChanges | null;
}

export interface HistoryRun {
  readonly run_id: string;
  readonly status: RunStatus | "running";
  readonly started_at: string;
  readonly seconds: number | null;
  readonly rows_read: number;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
  readonly error: ErrorRecord | null;
}

/** Of partition `$2`, or of all: as the index of versions has it. */
const OF_PARTITION = `($2::text is null or coalesce(partition, '') = $2 and partition = $2)`;

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** What is read of a history that may be long. */
export interface HistoryChoice {
  /** Versions of this partition alone. */
  readonly partition?: string;
  /** Where there are more versions than `whole`, only the `newest` that were published. */
  readonly most?: { readonly whole: number; readonly newest: number };
}

/** Reads versions (by partition, newest first) and the last 50 runs of a pipeline. */
export async function readHistory(
  db: Queryable,
  spec: Pick<PipelineSpec, "pipeline" | "target">,
  { partition, most }: HistoryChoice = {},
): Promise<History> {
  if (await appliedMigration(db) === 0) return { versions: [], runs: [] };
  const target = `${spec.target.schema}.${spec.target.table}`;
  const older = most === undefined ? 0 : await countOlder(db, target, partition, most);
  const versions = await db.query<HistoryVersion>(
    `select partition, version, state, rows, bytes, source_url, sha256, run_id,
  to_char(published_at at time zone 'UTC', ${ISO}) as published_at,
  case when jsonb_typeof(to_jsonb(l) -> 'merge') = 'object' then json_build_object(
    'inserted', to_jsonb(l) -> 'rows_inserted', 'updated', to_jsonb(l) -> 'rows_updated',
    'deleted', to_jsonb(l) -> 'rows_deleted', 'unchanged', to_jsonb(l) -> 'rows_unchanged')
  end as changes
from ${
      older === 0 ? "sluice.loads" : `(
  select * from sluice.loads where target = $1 and ${OF_PARTITION}
  order by id desc limit ${most!.newest})`
    } l where target = $1 and ${OF_PARTITION}
order by partition nulls first, version desc`,
    [target, partition ?? null],
  );
  const runs = await db.query<HistoryRun & { error: string | null }>(
    `select id as run_id, status, to_char(started_at at time zone 'UTC', ${ISO}) as started_at,
  extract(epoch from ended_at - started_at)::double precision as seconds,
  rows_read, rows_loaded, rows_rejected, error::text as error
from sluice.runs where pipeline = $1
order by sluice.runs.started_at desc limit 50`,
    [spec.pipeline],
  );
  return {
    versions,
    ...(most === undefined ? {} : { older }),
    runs: runs.map((run) => ({
      ...run,
      error: run.error === null ? null : JSON.parse(run.error as unknown as string),
    })),
  };
}

/** Versions beyond the newest, where there are too many to show them all. */
async function countOlder(
  db: Queryable,
  target: string,
  partition: string | undefined,
  { whole, newest }: NonNullable<HistoryChoice["most"]>,
): Promise<number> {
  const [{ count }] = await db.query<{ count: number }>(
    `select count(*)::int as count from sluice.loads
where target = $1 and ${OF_PARTITION}`,
    [target, partition ?? null],
  );
  return count <= whole ? 0 : count - newest;
}
