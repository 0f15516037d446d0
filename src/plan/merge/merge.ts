import type { MergeRecord } from "../../ledger/ledger.ts";
import type { TableName } from "../load_plan.ts";
import type { Key, Likeness } from "./sql.ts";

/**
 * One load that is merged into a table which holds other rows as well.
 *
 * `after` is the staging table, which shrinks to the rows that the merge wrote; `before` is made
 * with the rows that it took away or changed, as they were. The two are what undoing needs.
 */
export interface Merge extends MergeRecord {
  readonly target: TableName;
  readonly after: TableName;
  readonly beforeTable: TableName;
  /** `key` as rows are matched by it. */
  readonly match: Key;
  /** Columns that a load fills. */
  readonly columns: readonly string[];
  /**
   * Those of them that tell whether a row has changed: without lineage, and without the key, of which
   * two texts may be equal to its type.
   */
  readonly compared: readonly string[];
  /** Of those of them that need not be compared by their stored images. */
  readonly likeness: ReadonlyMap<string, Likeness>;
  /** Every column of the target that can be written. */
  readonly restored: readonly string[];
  /** SQL condition over the target as `t`: the rows this load is responsible for; null for all. */
  readonly scope: string | null;
  /** SQL: when the load was published; the same when it is done again. */
  readonly moment: string;
  /** Current rows (`history`) or rows of the scope that the load no longer has are ended. */
  readonly removesVanished: boolean;
}

/** What the ledger keeps of a merge. */
export function mergeRecord({ kind, key, before }: MergeRecord): MergeRecord {
  return { kind, key, before };
}
