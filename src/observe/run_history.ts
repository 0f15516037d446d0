import type { Queryable } from "../db/database.ts";
import { requireOwnSchema } from "../db/own_schema.ts";
import type { LastRun } from "./metrics.ts";

/** A run that is over, as alerts compare with it. */
export interface PastRun {
  readonly status: "succeeded" | "unchanged" | "refused" | "failed" | "interrupted";
  readonly seconds: number;
}

/** Runs that alerts look back on. */
const PAST = 20;

/** The last runs of a pipeline that are over, newest first; none where there is no ledger yet. */
export async function readPastRuns(
  db: Queryable,
  { pipeline, target, except }: {
    readonly pipeline: string;
    readonly target: string;
    /** The run that asks. */
    readonly except: string | null;
  },
): Promise<readonly PastRun[]> {
  if (!await ledgerExists(db)) return [];
  return await db.query<PastRun>(
    `select status, extract(epoch from ended_at - started_at)::double precision as seconds
from sluice.runs
where pipeline = $1 and target = $2 and ended_at is not null and id is distinct from $3::text::uuid
order by started_at desc limit ${PAST}`,
    [pipeline, target, except],
  );
}

/** How each pipeline's last run ended, to begin the metrics of a process with. */
export async function readLastRuns(db: Queryable): Promise<readonly LastRun[]> {
  if (!await ledgerExists(db)) return [];
  return await db.query<LastRun>(
    `select distinct on (pipeline, target) pipeline, target,
  extract(epoch from max(ended_at) filter (where status in ('succeeded', 'unchanged'))
    over (partition by pipeline, target))::double precision as "lastSuccess",
  extract(epoch from ended_at)::double precision as "lastRun",
  extract(epoch from ended_at - started_at)::double precision as seconds,
  rows_loaded as "rowsLoaded", rows_rejected as "rowsRejected"
from sluice.runs
where ended_at is not null
order by pipeline, target, started_at desc`,
  );
}

async function ledgerExists(db: Queryable): Promise<boolean> {
  await requireOwnSchema(db, "sluice");
  const [{ exists }] = await db.query<{ exists: boolean }>(
    `select to_regclass('sluice.runs') is not null as exists`,
  );
  return exists;
}
