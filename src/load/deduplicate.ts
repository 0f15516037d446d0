import { SluiceError } from "../core/error.ts";
import type { Database } from "../db/database.ts";
import { isError } from "../db/sqlstate.ts";
import type { DeduplicatePlan, Statement } from "../plan/load_plan.ts";
import type { OnDuplicate } from "../spec/pipeline_spec.ts";

/** What became of rows that share an idempotency key. */
export interface Duplicates {
  /** Rows removed from staging. */
  readonly removed: number;
  /** With `on_duplicate: reject`: byte offsets of the removed rows, ascending. */
  readonly rejectedOffsets: Float64Array;
}

const NONE: Duplicates = { removed: 0, rejectedOffsets: new Float64Array(0) };

/** Offsets are held in memory: beyond this many, rejecting one by one is not what anybody wants. */
const REJECT_LIMIT = 1_000_000;

/**
 * Makes staging hold each idempotency key once.
 *
 * The unique index is tried first: where it can be built there are no duplicates and nothing else
 * needs to be done. Only its failure costs a sort of the table.
 *
 * @throws SluiceError `load/duplicate_keys` for `on_duplicate: fail`
 */
export async function deduplicate(
  db: Database,
  plan: DeduplicatePlan,
  onDuplicate: OnDuplicate,
): Promise<Duplicates> {
  if (plan.countFirst && await countDuplicates(db, plan) > 0) {
    return await remove(db, plan, onDuplicate);
  }
  try {
    await execute(db, plan.prove);
  } catch (error) {
    if (!isError(error, "uniqueViolation")) throw error;
    return await remove(db, plan, onDuplicate);
  }
  return NONE;
}

async function remove(
  db: Database,
  plan: DeduplicatePlan,
  onDuplicate: OnDuplicate,
): Promise<Duplicates> {
  const duplicates = await countDuplicates(db, plan);
  if (plan.remove === null) throw await duplicateKeys(db, plan, duplicates);
  if (onDuplicate === "reject" && duplicates > REJECT_LIMIT) {
    throw await duplicateKeys(db, plan, duplicates);
  }
  const removed = onDuplicate === "reject"
    ? await execute<{ offset: number }>(db, plan.remove)
    : await execute<{ offset: number }>(db, countOnly(plan.remove));
  await execute(db, plan.prove);
  if (onDuplicate !== "reject") return { ...NONE, removed: removed[0].offset };
  const offsets = Float64Array.from(removed, ({ offset }) => offset).sort();
  return { removed: offsets.length, rejectedOffsets: offsets };
}

async function countDuplicates(db: Database, plan: DeduplicatePlan): Promise<number> {
  const [{ duplicates }] = await execute<{ duplicates: number }>(db, plan.count);
  return duplicates;
}

/** The same deletion, with one number instead of a row for each deleted row. */
function countOnly(statement: Statement): Statement {
  return {
    ...statement,
    sql: `with removed as (${statement.sql}) select count(*) as "offset" from removed`,
  };
}

async function duplicateKeys(
  db: Database,
  plan: DeduplicatePlan,
  duplicates: number,
): Promise<SluiceError> {
  const examples = await execute<{ example: Record<string, unknown> }>(db, plan.examples);
  const shown = examples.slice(0, 3).map(({ example: { copies, ...key } }) =>
    `${
      Object.entries(key).map(([name, value]) => `${name} = ${value}`).join(", ")
    } (${copies} rows)`
  );
  return new SluiceError(
    "load/duplicate_keys",
    `${duplicates} rows repeat an idempotency key, for example ${shown.join("; ")}`,
    {
      hint:
        "Correct the file, widen idempotency_key, or choose on_duplicate: keep_first, keep_last or reject",
      details: { duplicates },
    },
  );
}

async function execute<Row = unknown>(db: Database, statement: Statement): Promise<Row[]> {
  return await db.query<Row>(statement.sql, statement.params);
}
