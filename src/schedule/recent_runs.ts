import type { ErrorRecord } from "../core/error.ts";
import type { Queryable } from "../db/database.ts";

/** A run as `GET /runs` shows it. Times are ISO 8601 in UTC. */
export interface RecentRun {
  readonly run_id: string;
  readonly pipeline: string;
  readonly target: string;
  readonly status: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly seconds: number | null;
  readonly rows_read: number;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
  readonly host: string | null;
  readonly error: ErrorRecord | null;
}

/** Which runs; all that are left out. */
export interface RunFilter {
  readonly pipeline?: string;
  readonly runId?: string;
  readonly limit: number;
}

/** The runs of this database by any process, newest first. */
export async function recentRuns(
  db: Queryable,
  { pipeline, runId, limit }: RunFilter,
): Promise<RecentRun[]> {
  return await db.query<RecentRun>(
    `select id as run_id, pipeline, target, status, started_at, ended_at,
  extract(epoch from ended_at - started_at)::double precision as seconds,
  rows_read, rows_loaded, rows_rejected, host, error
from sluice.runs
where ($1::text is null or pipeline = $1) and ($2::uuid is null or id = $2)
order by sluice.runs.started_at desc limit $3`,
    [pipeline, runId, limit],
  );
}
