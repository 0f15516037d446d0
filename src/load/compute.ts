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
    const refused = await search(tx, plan, isolated, all, signal);
    refused.sort((a, b) => a.offset - b.offset);
    if (refused.length > 0) {
      await tx.query(plan.drop.sql, [JSON.stringify(refused.map(({ offset }) => offset))]);
    }
    const left = isolated
      ? plan.remove && await tx.query<FailedRow>(plan.remove.sql)
      : plan.failed && await tx.query<FailedRow>(plan.failed.sql, [...all, ...plan.failed.params]);
    const failed = left ?? [];
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

/** Ranges of so few rows are gone through row by row. */
const FEW = 128;

async function search(
  tx: Queryable,
  plan: ComputePlan,
  isolated: boolean,
  all: Range,
  signal: AbortSignal,
): Promise<Refused[]> {
  const statement = isolated ? plan.update : plan.fill;
  const refused: Refused[] = [];
  const ranges: Range[] = [all];
  // The table that rows are isolated from has its key already.
  let isIndexed = isolated;
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    signal.throwIfAborted();
    if (await attempt(tx, statement, range) === null) continue;
    if (!isIndexed) await tx.query(plan.index.sql);
    isIndexed = true;
    const [{ rows, middle }] = await tx.query<{ rows: number; middle: number }>(
      plan.split.sql,
      range,
    );
    if (rows > FEW) {
      ranges.push([middle + 1, range[1]], [range[0], middle + 1]);
      continue;
    }
    refused.push(...await rowByRow(tx, plan, isolated, range));
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
  isolated: boolean,
  [from, beyond]: Range,
): Promise<readonly Refused[]> {
  await tx.query("select pg_catalog.set_config($1, $2, true)", [
    plan.settings.range,
    `${from} ${beyond}`,
  ]);
  await tx.query((isolated ? plan.updateEach : plan.fillEach).sql);
  const [{ found }] = await tx.query<{ found: string }>(
    "select pg_catalog.current_setting($1) as found",
    [plan.settings.refused],
  );
  const refused: Refused[] = [];
  for (const { offset, state, message, column } of JSON.parse(found) as RefusedText[]) {
    if (!isAbout(state, "row")) {
      // Whether it is about the row, only the whole error tells; a second time it may not fail.
      const statement = isolated ? plan.update : plan.fill;
      if (await attempt(tx, statement, [offset, offset + 1]) === null) continue;
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
