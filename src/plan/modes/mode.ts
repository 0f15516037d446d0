import type { MergeRecord } from "../../ledger/ledger.ts";
import type { RefreshMode } from "../../spec/pipeline_spec.ts";
import type { Statement, TableName } from "../load_plan.ts";
import type { Merge } from "../merge/merge.ts";

/** A refresh mode: what the live table gets from a load. Pure. */
export interface Mode {
  readonly name: RefreshMode;
  readonly summary: string;
  /**
   * Makes the staged table live as it is: null where a load does not take the place of what is
   * there. Runs in one transaction with the ledger's rows, as everything here does.
   */
  readonly exchange: ((exchange: Exchange) => readonly Statement[]) | null;
  /** How this mode merges, where the target cannot be exchanged or the mode never is. */
  mergeKind(keyed: boolean): Pick<MergeRecord, "kind" | "before">;
  /** Merges the staged rows into the target; `undo.ts` takes it back by its kind. */
  merge(merge: Merge): readonly Statement[];
}

/** One partition changing hands. */
export interface Exchange {
  readonly parent: TableName;
  /** Tables that foreign keys of the parent point to: DETACH and ATTACH lock them as well. */
  readonly references: readonly TableName[];
  /** What follows ATTACH PARTITION … : `default`, `for values in (…)`. */
  readonly bound: string;
  /** The version that is live now, or null. */
  readonly live: VersionedTable | null;
  /** The version that will be; null puts nothing in its place. */
  readonly next: VersionedTable | null;
}

export interface VersionedTable extends TableName {
  readonly version: number;
}
