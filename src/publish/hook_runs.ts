import type { HookName } from "../core/hooks.ts";
import type { Queryable } from "../db/database.ts";

/** A hook of one partition of a run. */
export interface HookRun {
  readonly runId: string;
  /** Null: the whole table. */
  readonly partition: string | null;
  readonly hook: HookName;
}

/** Notes that a hook runs, in the transaction in which it does; false where it has run already. */
export async function noteHook(
  tx: Queryable,
  { runId, partition, hook }: HookRun,
): Promise<boolean> {
  const noted = await tx.query(
    `insert into sluice.hook_runs (run_id, partition, hook) values ($1::uuid, $2, $3)
on conflict do nothing returning run_id`,
    [runId, partition, hook],
  );
  return noted.length > 0;
}

/** Whether a hook has run. */
export async function ranHook(
  db: Queryable,
  { runId, partition, hook }: HookRun,
): Promise<boolean> {
  const rows = await db.query(
    `select from sluice.hook_runs
where run_id = $1::uuid and hook = $3 and coalesce(partition, '') = coalesce($2::text, '')`,
    [runId, partition, hook],
  );
  return rows.length > 0;
}
