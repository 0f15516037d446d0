import { SluiceError } from "../core/error.ts";
import type { RejectLimit } from "../spec/pipeline_spec.ts";

/** The refusal of a load whose rejects are over its budget, or null where they are within. */
export function rejectBudget(
  limit: RejectLimit,
  rowsRead: number,
  rejected: number,
  name = "rejects.limit",
): SluiceError | null {
  const allowed = limit.kind === "rows" ? limit.rows : rowsRead * limit.percent / 100;
  if (rejected <= allowed) return null;
  const budget = limit.kind === "rows" ? `${limit.rows} rows` : `${limit.percent}%`;
  const share = (100 * rejected / rowsRead).toFixed(2);
  return new SluiceError(
    "rows/too_many_rejects",
    `${rejected} of ${rowsRead} rows (${share}%) were rejected; ${name} is ${budget}`,
    {
      hint: "`rejects` shows them: mend the file or the columns, or raise the limit",
      details: { rejected, read: rowsRead },
    },
  );
}
