import type { LiveRun } from "../live_runs.ts";
import type { CheckRow } from "../queries/checks.ts";
import type { RejectGroup } from "../../ledger/mod.ts";
import type {
  Copying,
  LogFilter,
  LogRecord,
  PlannedStatement,
  Published,
  Run,
  SchemaChange,
  WorkerPart,
} from "../queries/run.ts";

export type { PlannedStatement };

/** What the view of a run shows. */
export interface RunData {
  readonly run: Run;
  readonly live: LiveRun | null;
  readonly parts: readonly WorkerPart[];
  /** Of a run of another process while it goes on; else none. */
  readonly copying: readonly Copying[];
  readonly published: readonly Published[];
  readonly rejects: readonly RejectGroup[];
  readonly checks: readonly CheckRow[];
  readonly changes: readonly SchemaChange[];
  readonly statements: readonly PlannedStatement[];
  readonly log: LogData;
  /** Whether whoever looks may act, and the run can be stopped here. */
  readonly canCancel: boolean;
}

/** The log of a run as far as it is shown. */
export interface LogData {
  readonly filter: LogFilter;
  /** The newest first, one more than a page where there are more. */
  readonly records: readonly LogRecord[];
  /** Whether they come from the ledger; else this process remembers them. */
  readonly kept: boolean;
}
