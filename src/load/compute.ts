import { SluiceError } from "../core/error.ts";
import type { Reject } from "../core/reject.ts";
import type { Database, Queryable } from "../db/database.ts";
import { isAbout } from "../db/sqlstate.ts";
import { withUserPath } from "../db/user_path.ts";
import type { ComputePlan as Plan } from "../plan/compute_plan.ts";
import type { Statement } from "../plan/load_plan.ts";
import type { RejectedOffsets } from "./merge_offsets.ts";
import { isAboutRows, MOST_REFUSED } from "./refused_rows.ts";

type ComputePlan = Plan<Statement>;

interface FailedRow {
  readonly offset: number;
  readonly rule: number | null;
  readonly value: string | null;
  readonly total: number;
}

/**
 * Computes the columns of all rows: into staging, or within the table that COPY has filled.
 *
 * Ranges of offsets are halved until each row that cannot be computed stands alone. Rows that
 * break a rule of a computed column are left out as well.
 *
 * @param isolated staging is not filled yet: its rows are isolated afterwards
 * @returns the rows that are left out, and why: two lists, ascending
 * @throws SluiceError an error that is not about a row; `rows/too_many_rejects`
 */
export async function computeColumns(
  db: Database,
  plan: ComputePlan,
  isolated: boolean,
  signal: AbortSignal,
): Promise<readonly RejectedOffsets[]> {
  const found = await withUserPath(db, async (tx): Promise<readonly RejectedOffsets[]> => {
    const [extent] = await tx.query<Extent>(plan.extent.sql);
    if (extent.least === null || extent.beyond === null) return [];
    const all: Range = [extent.least, extent.beyond];
    const refused = await fill(tx, plan, isolated, all, signal);
    const failed = isolated ? await removeFailed(tx, plan) : await leftOut(tx, plan, all);
    if (failed.length > 0 && failed[0].total > failed.length) throw tooMany(failed[0].total);
    return [
      {
        offsets: Float64Array.from(refused, ({ offset }) => offset),
        reason: (at) => refused[at].reason,
      },
      {
        offsets: Float64Array.from(failed, ({ offset }) => offset),
        reason: (at) => ruleReason(plan, failed[at]),
      },
    ];
  });
  if (!isolated) await db.query(plan.tidy.sql);
  return found;
}

async function removeFailed(
  tx: Queryable,
  { remove }: ComputePlan,
): Promise<readonly FailedRow[]> {
  return remove === null ? [] : await tx.query<FailedRow>(remove.sql);
}

async function leftOut(
  tx: Queryable,
  { missing, failed }: ComputePlan,
  all: Range,
): Promise<readonly FailedRow[]> {
  if (missing === null || failed === null) return [];
  const [counts] = await tx.query<{ missing: number }>(missing.sql);
  if (counts.missing === 0) return [];
  return await tx.query<FailedRow>(failed.sql, [...all, ...failed.params]);
}

interface Extent {
  readonly least: number | null;
  readonly beyond: number | null;
}

/** Offsets, from the first to before the second. */
type Range = readonly [from: number, to: number];

interface Refused {
  readonly offset: number;
  readonly reason: Reason;
}

/** What is tried with a range of rows, and with a few of them row by row. */
interface Trial {
  readonly range: Statement;
  readonly each: Statement;
}

/**
 * Fills all rows that can be, and takes the others out of what COPY has filled.
 *
 * Where that fails at once, those that cannot be computed are looked for without writing: what is
 * written and taken back stays in the table as dead rows. Then only rows are left to be looked for
 * that staging itself refuses.
 */
async function fill(
  tx: Queryable,
  plan: ComputePlan,
  isolated: boolean,
  all: Range,
  signal: AbortSignal,
): Promise<readonly Refused[]> {
  const filling = isolated
    ? { range: plan.update, each: plan.updateEach }
    : { range: plan.fill, each: plan.fillEach };
  if (await attempt(tx, filling.range, all) === null) return [];
  // The table that rows are isolated from has its key already.
  if (!isolated) await tx.query(plan.index.sql);
  const refused: Refused[] = [];
  for (const trial of [{ range: plan.evaluate, each: plan.evaluateEach }, filling]) {
    const found = await search(tx, plan, trial, all, signal);
    if (found.length === 0) continue;
    await tx.query(plan.drop.sql, [JSON.stringify(found.map(({ offset }) => offset))]);
    refused.push(...found);
  }
  return refused.sort((a, b) => a.offset - b.offset);
}

async function search(
  tx: Queryable,
  plan: ComputePlan,
  trial: Trial,
  all: Range,
  signal: AbortSignal,
): Promise<Refused[]> {
  const refused: Refused[] = [];
  const ranges: Range[] = [all];
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    signal.throwIfAborted();
    if (await attempt(tx, trial.range, range) === null) continue;
    const [from, beyond] = range;
    const [{ rows }] = await tx.query<{ rows: number }>(plan.few.sql, range);
    if (rows > plan.fewRows) {
      // By bytes of the file: nothing has to be sorted for it.
      const middle = Math.floor((from + beyond) / 2);
      ranges.push([middle, beyond], [from, middle]);
      continue;
    }
    refused.push(...await rowByRow(tx, plan, trial, range));
    if (refused.length > MOST_REFUSED) throw tooManyRefused(refused.at(-1)!.reason);
  }
  return refused;
}

interface RefusedText {
  readonly offset: number;
  readonly state: string;
  readonly message: string;
  readonly column: string | null;
}

async function rowByRow(
  tx: Queryable,
  plan: ComputePlan,
  trial: Trial,
  [from, beyond]: Range,
): Promise<readonly Refused[]> {
  await tx.query("select pg_catalog.set_config($1, $2, true)", [
    plan.settings.range,
    `${from} ${beyond}`,
  ]);
  await tx.query(trial.each.sql);
  const [{ found }] = await tx.query<{ found: string }>(
    "select pg_catalog.current_setting($1) as found",
    [plan.settings.refused],
  );
  const refused: Refused[] = [];
  for (const { offset, state, message, column } of JSON.parse(found) as RefusedText[]) {
    if (!isAbout(state, "row")) {
      // Whether it is about the row, only the whole error tells; a second time it may not fail.
      if (await attempt(tx, trial.range, [offset, offset + 1]) === null) continue;
    }
    refused.push({ offset, reason: { column, code: `sqlstate:${state}`, message } });
  }
  return refused;
}

async function attempt(
  tx: Queryable,
  { sql, params }: Statement,
  range: Range,
): Promise<SluiceError | null> {
  await tx.query("savepoint attempt");
  try {
    await tx.query(sql, [...range, ...params]);
    await tx.query("release savepoint attempt");
    return null;
  } catch (error) {
    if (!(error instanceof SluiceError) || !isAboutRows(error)) throw error;
    await tx.query("rollback to savepoint attempt");
    return error;
  }
}

type Reason = Pick<Reject, "column" | "code" | "message">;

function ruleReason({ conditions }: ComputePlan, { rule, value }: FailedRow): Reason {
  // A volatile expression may say something else the second time.
  const { column, code, expected } = conditions[rule ?? 0];
  const shown = value === null ? "NULL" : `"${value}"`;
  return { column, code, message: `${shown} is not ${expected}` };
}

function tooManyRefused({ message }: Reason): SluiceError {
  return new SluiceError(
    "rows/too_many_rejects",
    `More than ${MOST_REFUSED} rows cannot be computed, the last one because: ${message}`,
    { hint: "Correct the file or the expressions" },
  );
}

function tooMany(total: number): SluiceError {
  return new SluiceError(
    "rows/too_many_rejects",
    `${total} rows break rules of computed columns: more than can be rejected one by one`,
    { hint: "Correct the file, the expressions or the rules of their columns" },
  );
}
