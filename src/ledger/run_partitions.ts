import { SluiceError } from "../core/error.ts";
import type { RunEvent } from "../core/event.ts";
import type { PartitionResult } from "../core/result.ts";
import { storableJson } from "../core/storable_json.ts";
import { storing, storingWithin } from "../db/storing.ts";
import type { Queryable } from "../db/database.ts";

/** One partition of a distributed run. */
export interface RunPart {
  readonly runId: string;
  /** Among what the run has offered, from 0: a partition that is planned anew is offered again. */
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

/** What came of a worker's wish to load a partition. */
export type Claim =
  | "taken"
  /** Its result stands: whoever had it before has published it. */
  | "done"
  /** Nobody wants it any more. */
  | "over";

/**
 * Partitions `$2` of a run `$1` that have not ended, once no transaction of their worker holds them:
 * from then on it cannot write. An update alone does not wait for it, see {@link requireClaim}.
 */
const UNHELD = `(
  select run_id, position from sluice.run_partitions
  where run_id = $1::uuid and position = any($2::int[]) and finished_at is null
  order by position for update
) unheld`;
const IS_UNHELD =
  "p.run_id = unheld.run_id and p.position = unheld.position and p.finished_at is null";

/** Makes a partition this worker's, and nobody else's. */
export async function claimPart(
  db: Queryable,
  { runId, position }: RunPart,
  claim: string,
  worker: string,
): Promise<Claim> {
  const [row] = await storing((text) =>
    db.query<{ done: boolean }>(
      `update sluice.run_partitions p set claim = $3::uuid, worker = $4, attempts = attempts + 1,
  claimed_at = clock_timestamp(), progress = null
from sluice.runs r, ${UNHELD}
where ${IS_UNHELD} and r.id = p.run_id and r.status = 'running'
returning p.result is not null as done`,
      [runId, [position], claim, text(worker)],
    )
  );
  if (row === undefined) return "over";
  return row.done ? "done" : "taken";
}

/**
 * Holds a partition's row for as long as a transaction lasts.
 *
 * A COPY lasts for minutes: the lock is one that lets {@link tellPart} write to the row meanwhile.
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
where run_id = $1::uuid and position = $2 and claim = $3::uuid for key share`,
    [runId, position, claim],
  );
  if (rows.length > 0) return;
  throw new SluiceError(
    "ledger/lock_lost",
    "This partition was given to another worker, or its run was stopped",
    { retry: "later", hint: "Nothing is lost: what this worker had staged is dropped" },
  );
}

/** Whether a partition is still this worker's. */
export async function holdsClaim(
  db: Queryable,
  { runId, position }: RunPart,
  claim: string,
): Promise<boolean> {
  const rows = await db.query(
    `select from sluice.run_partitions
where run_id = $1::uuid and position = $2 and claim = $3::uuid`,
    [runId, position, claim],
  );
  return rows.length > 0;
}

/** Records what a partition's publish comes to, in its transaction. */
export async function recordResult(
  tx: Queryable,
  { runId, position }: RunPart,
  result: PartitionResult,
): Promise<void> {
  await storingWithin(tx, (text) =>
    tx.query(
      `update sluice.run_partitions set result = $3::text::jsonb
where run_id = $1::uuid and position = $2`,
      [runId, position, storableJson(result, text)],
    ));
}

/** The reports of a worker on a partition, for the follower of the run. */
export interface PartNews {
  /** Those since the last time. */
  readonly events: readonly RunEvent[];
  /** The newest; null: none since the last time. */
  readonly progress: RunEvent | null;
}

/** Adds a report of a worker; does nothing where the partition is no longer its. */
export async function tellPart(
  db: Queryable,
  { runId, position }: RunPart,
  claim: string,
  { events, progress }: PartNews,
): Promise<void> {
  await storing((text) =>
    db.query(
      `update sluice.run_partitions set events = events || $4::text::jsonb,
  progress = coalesce($5::text::jsonb, progress)
where run_id = $1::uuid and position = $2 and claim = $3::uuid and finished_at is null`,
      [
        runId,
        position,
        claim,
        storableJson(events, text),
        progress === null ? null : storableJson(progress, text),
      ],
    )
  );
}

/** Where it is told, by the id of its run, that a partition has ended. */
export const PART_ENDED = "sluice_partition_ended";

/**
 * Records that a partition has ended, if it is still this worker's.
 *
 * @param result null: the one that was recorded with its publish
 */
export async function finishPart(
  db: Queryable,
  { runId, position }: RunPart,
  claim: string,
  result: PartitionResult | null,
): Promise<void> {
  await storing((text) =>
    db.query(
      `update sluice.run_partitions set result = coalesce($4::text::jsonb, result),
  finished_at = clock_timestamp()
where run_id = $1::uuid and position = $2 and claim = $3::uuid and finished_at is null
returning pg_notify('${PART_ENDED}', run_id::text)`,
      [runId, position, claim, result === null ? null : storableJson(result, text)],
    )
  );
}

/** How a partition of a run stands. */
export interface PartState {
  readonly position: number;
  /** Machine of the worker that has it, or had it last. */
  readonly worker: string | null;
  readonly attempts: number;
  readonly events: readonly RunEvent[];
  readonly progress: RunEvent | null;
  readonly finished: boolean;
  readonly result: PartitionResult | null;
}

/** How partitions of a run stand, those that nobody has begun left out. */
export async function readParts(
  db: Queryable,
  runId: string,
  positions: readonly number[],
): Promise<readonly PartState[]> {
  return await db.query<PartState>(
    `select position, worker, attempts, events, progress, finished_at is not null as finished, result
from sluice.run_partitions
where run_id = $1::uuid and position = any($2::int[]) and attempts > 0 order by position`,
    [runId, positions],
  );
}

/**
 * Takes partitions away from their workers; published ones keep their results.
 *
 * Waits for transactions under way: nothing is published after it.
 */
export async function revokeParts(
  db: Queryable,
  runId: string,
  positions: readonly number[],
): Promise<void> {
  await db.query(
    `update sluice.run_partitions p set claim = null, finished_at = clock_timestamp()
from ${UNHELD} where ${IS_UNHELD}`,
    [runId, positions],
  );
}
