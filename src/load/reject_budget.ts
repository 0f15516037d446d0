import { SluiceError } from "../core/error.ts";
import type { RejectReason } from "../core/reject_reason.ts";
import type { RejectLimit } from "../spec/pipeline_spec.ts";

/** The refusal of a load whose rejects are over its budget, or null where they are within. */
export function rejectBudget(
  limit: RejectLimit,
  rowsRead: number,
  rejected: number,
  name = "rejects.limit",
  reasons: readonly RejectReason[] = [],
): SluiceError | null {
  const allowed = limit.kind === "rows" ? limit.rows : share(rowsRead, limit.percent);
  if (rejected <= allowed) return null;
  const budget = limit.kind === "rows" ? `${limit.rows} rows` : `${limit.percent}%`;
  return new SluiceError(
    "rows/too_many_rejects",
    `${rejected} of ${rowsRead} rows (${
      (100 * rejected / rowsRead).toFixed(2)
    }%) were rejected; ${name} is ${budget}`,
    {
      hint: "Correct the file or the columns, or raise the limit",
      details: { rejected, read: rowsRead },
      reasons,
    },
  );
}

/** Rejects kept beyond a number of rows. */
const KEPT_BEYOND_LIMIT = 10_000;

/** How many rejects of a load are kept; the others are counted, and the load is refused. */
export function keptRejects(limit: RejectLimit): number {
  // Over a number of rows the first ones tell enough. Of a share nobody knows before the end, and a
  // reject of a load that is published is lost unless it is kept.
  return limit.kind === "rows" ? limit.rows + KEPT_BEYOND_LIMIT : Infinity;
}

/** Whole rows: 1.14 % of 5,000 are 57, and not the 56.99999999999999 that binary fractions make. */
function share(rows: number, percent: number): number {
  return Math.floor(rows * percent / 100 * (1 + Number.EPSILON * 4));
}
