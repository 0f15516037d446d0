import { SluiceError } from "../core/error.ts";
import type { PartitionResult } from "../core/result.ts";
import { storableJson } from "../core/storable_json.ts";
import type { Queryable } from "../db/database.ts";

/** One partition of a distributed run. */
export interface RunPart {
  readonly runId: string;
  /** Among the partitions of the run, from 0. */
  readonly position: number;
}

/** Records that a partition of a run is for workers to load. */
export async function offerPart(
  db: Queryable,
  { runId, position }: RunPart,
  partition: string | null,
): Promise<void> {
  await db.query(
    `insert into sluice.run_partitions (run_id, position, partition) values ($1::uuid, $2, $3)
on conflict (run_id, position) do nothing`,
    [runId, position, partition],
  );
}

/** Makes a partition this worker's; false where it is done already, or its run is over. */
export async function claimPart(
  db: Queryable,
  { runId, position }: RunPart,
  claim: string,
  worker: string,
): Promise<boolean> {
  // Waits for a transaction of whoever had it before: from then on that one cannot write.
  const rows = await db.query(
    `update sluice.run_partitions p set claim = $3::uuid, worker = $4, attempts = attempts + 1,
  claimed_at = clock_timestamp()
from sluice.runs r
where p.run_id = $1::uuid and p.position = $2 and p.result is null
  and r.id = p.run_id and r.status = 'running'
returning p.run_id`,
    [runId, position, claim, worker],
  );
  return rows.length > 0;
}

/**
 * Holds a partition's row for as long as a transaction lasts.
 *
 * @throws SluiceError `ledger/lock_lost` where another worker has claimed it meanwhile
 */
export async function requireClaim(
  tx: Queryable,
  { runId, position }: RunPart,
  claim: string,
): Promise<void> {
  const rows = await tx.query(
    `select from sluice.run_partitions
where run_id = $1::uuid and position = $2 and claim = $3::uuid and result is null for share`,
    [runId, position, claim],
  );
  if (rows.length > 0) return;
  throw new SluiceError(
    "ledger/lock_lost",
    "Another worker has taken this partition over: this one was taken for dead",
    { retry: "later", hint: "Nothing is lost: the other one loads it" },
  );
}

/** Records how a partition ended, if it is still this worker's. */
export async function finishPart(
  db: Queryable,
  { runId, position }: RunPart,
  claim: string,
  result: PartitionResult,
): Promise<void> {
  await db.query(
    `update sluice.run_partitions set result = $4::text::jsonb, finished_at = clock_timestamp()
where run_id = $1::uuid and position = $2 and claim = $3::uuid and result is null`,
    [runId, position, claim, storableJson(result)],
  );
}

/** How partitions of a run ended, by position; those under way are left out. */
export async function finishedParts(
  db: Queryable,
  runId: string,
): Promise<ReadonlyMap<number, PartitionResult>> {
  const rows = await db.query<{ position: number; result: PartitionResult }>(
    `select position, result from sluice.run_partitions
where run_id = $1::uuid and result is not null`,
    [runId],
  );
  return new Map(rows.map(({ position, result }) => [position, result]));
}
