import { SluiceError } from "../core/error.ts";
import { formatCount } from "../core/format_text.ts";
import type { Queryable } from "../db/database.ts";
import type { PartitionPlan, RunPlan } from "../plan/load_plan.ts";

/** What became of the rows of a load that has none left. */
export interface EmptyLoad {
  readonly rowsRead: number;
  readonly rejected: number;
  readonly discarded: number;
}

/**
 * Refuses a load without rows where rows would make way for it.
 *
 * @throws SluiceError `load/empty`
 */
export async function refuseEmpty(
  db: Queryable,
  { targetKey, mode }: Pick<RunPlan, "targetKey" | "mode">,
  { partition, replacedRow }: Pick<PartitionPlan, "partition" | "replacedRow">,
  { rowsRead, rejected, discarded }: EmptyLoad,
): Promise<void> {
  if (replacedRow === null) return;
  const found = await db.query(replacedRow.sql, replacedRow.params);
  if (found.length === 0) return;
  const none = rowsRead === 0
    ? "The source has no rows"
    : `None of ${formatCount(rowsRead)} rows is left (${formatCount(rejected)} rejected, ${
      formatCount(discarded)
    } discarded)`;
  const where = partition === null ? `"${targetKey}"` : `partition ${partition} of "${targetKey}"`;
  throw new SluiceError("load/empty", `${none}, and ${where} has some that would go`, {
    hint: "Nothing was published: correct the file or the pipeline. If it may be empty, write " +
      `refresh: { mode: ${mode}, allow_empty: true }`,
    details: { read: rowsRead, rejected, discarded },
  });
}
