import { SluiceError } from "../core/error.ts";
import type { Database, Queryable } from "../db/database.ts";
import type { IsolationPlan } from "../plan/load_plan.ts";
import { addRefused, isAboutRows, type RefusedRow } from "./refused_rows.ts";

/** Takes an isolation's attempts back without making them an error. */
class TakenBack extends Error {}

/**
 * Finds the rows of `raw` that Postgres refuses, and leaves the others in staging.
 *
 * Ranges of offsets are halved until each refused row stands alone: with k of n rows refused that
 * takes about 2 k log2(n) attempts.
 *
 * @param copied rows that COPY has refused, and that are not in `raw`
 * @returns the refused rows by ascending offset, those of COPY as well
 * @throws SluiceError the first error that is not about a row; `rows/too_many_rejects`
 */
export async function isolate(
  db: Database,
  plan: IsolationPlan,
  copied: readonly RefusedRow[],
  signal: AbortSignal,
): Promise<readonly RefusedRow[]> {
  const refused = [...copied];
  try {
    await db.transaction(async (tx) => {
      // Errors must come where they are looked for, not at the commit.
      await tx.query("set constraints all immediate");
      for (const { sql } of plan.begin) await tx.query(sql);
      await search(tx, plan, refused, signal);
      if (!plan.keep) throw new TakenBack();
    });
  } catch (error) {
    if (!(error instanceof TakenBack)) throw error;
  }
  refused.sort((a, b) => a.offset - b.offset);
  await db.transaction(async (tx) => {
    if (plan.transfer !== null) {
      await tx.query(plan.remove.sql, [JSON.stringify(refused.map(({ offset }) => offset))]);
      await tx.query(plan.transfer.sql);
    }
    await tx.query(plan.tidy.sql);
  });
  return refused;
}

async function search(
  tx: Queryable,
  plan: IsolationPlan,
  refused: RefusedRow[],
  signal: AbortSignal,
): Promise<void> {
  const [{ least, beyond }] = await tx.query<{ least: number | null; beyond: number | null }>(
    plan.bounds.sql,
  );
  if (least === null || beyond === null) return;
  // Last in, first out: ranges are tried in the order of the file, so that of two rows in conflict
  // the later one is refused.
  const ranges: [number, number][] = [[least, beyond]];
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    signal.throwIfAborted();
    const error = await attempt(tx, plan, range);
    if (error === null) continue;
    const [from, to] = range;
    const [{ rows, middle }] = await tx.query<{ rows: number; middle: number }>(
      plan.split.sql,
      range,
    );
    if (rows === 1) {
      addRefused(refused, { offset: middle, column: error.postgres?.column ?? null, error });
      continue;
    }
    // The middle is the last row of the lower half.
    ranges.push([middle + 1, to], [from, middle + 1]);
  }
}

async function attempt(
  tx: Queryable,
  plan: IsolationPlan,
  range: readonly [number, number],
): Promise<SluiceError | null> {
  await tx.query("savepoint attempt");
  try {
    for (const { sql } of plan.attempt) await tx.query(sql, range);
    await tx.query("release savepoint attempt");
    return null;
  } catch (error) {
    if (!(error instanceof SluiceError) || !isAboutRows(error)) throw error;
    await tx.query("rollback to savepoint attempt");
    return error;
  }
}
