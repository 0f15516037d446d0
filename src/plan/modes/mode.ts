import type { LoadState } from "../../ledger/ledger.ts";
import type { RefreshMode } from "../../spec/pipeline_spec.ts";
import type { Statement, TableName } from "../load_plan.ts";

/** A refresh mode: what the live table gets from a load, and how that is undone. Pure. */
export interface Mode {
  readonly name: RefreshMode;
  readonly summary: string;
  /** Makes the staged table live; runs in one transaction with the ledger's rows. */
  publish(exchange: Exchange): readonly Statement[];
  /** Makes an earlier (or later) version live again; likewise. */
  rollback(exchange: Exchange): readonly Statement[];
}

/** One partition changing hands. */
export interface Exchange {
  readonly parent: TableName;
  /** What follows ATTACH PARTITION … : `default`, `for values in (…)`. */
  readonly bound: string;
  /** The version that is live now, or null. */
  readonly live: VersionedTable | null;
  /** The version that will be. */
  readonly next: VersionedTable;
}

export interface VersionedTable extends TableName {
  readonly version: number;
}

/** The state that a replaced version goes to. */
export type ReplacedState = Exclude<LoadState, "live">;
