import type { ErrorRecord } from "./error.ts";

/** How a run ended. */
export type RunStatus = "succeeded" | "unchanged" | "refused" | "failed" | "interrupted";

/** How one partition of a run ended. */
export type PartitionStatus =
  | "published"
  /** Waits for the other partitions of its run; in no result of a run that has ended. */
  | "staged"
  | "unchanged"
  | "pending"
  | "refused"
  | "failed"
  | "skipped";

/** Row counts of a load: `read = loaded + rejected + duplicate + discarded`, always. */
export interface RowCounts {
  readonly rows_read: number;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
  readonly rows_duplicate: number;
  readonly rows_discarded: number;
}

/** What a merge did to the rows of the target. */
export interface RowChanges {
  readonly inserted: number;
  readonly updated: number;
  /** With `history`: versions that were closed. */
  readonly deleted: number;
  /** There already, and left alone. */
  readonly unchanged: number;
}

/** Seconds spent in each phase of a load; phases overlap while streaming. */
export type Phases = Readonly<
  Partial<
    Record<
      | "read"
      | "parse"
      | "copy"
      | "verify"
      | "convert"
      | "deduplicate"
      | "index"
      | "check"
      | "publish",
      number
    >
  >
>;

/** Records of the source and their bytes, without line ends. */
export interface Encoded {
  readonly records: number;
  readonly bytes: number;
}

/** What one of several files of a load came to. */
export interface FileCounts {
  /** Without secrets; of a file in an archive `archive.zip#name`. */
  readonly source_url: string;
  /** As it is stored; of a file in an archive, its contents. */
  readonly bytes: number;
  readonly sha256: string;
  readonly rows_read: number;
  readonly rows_rejected: number;
}

/** The result of one partition. */
export interface PartitionResult extends RowCounts {
  /** The partition's name (`2021-01`), or null for a whole table. */
  readonly partition: string | null;
  readonly status: PartitionStatus;
  readonly reason: string | null;
  readonly version: number | null;
  readonly bytes_read: number;
  readonly seconds: number;
  /** Without secrets. */
  readonly source: string;
  readonly sha256: string | null;
  /** Only where the source can have several. */
  readonly files?: readonly FileCounts[];
  readonly phases: Phases;
  /** Records that were encoded as they stood, and their bytes; only where some were read. */
  readonly plain?: Encoded;
  /** Records that needed a closer look: a rare spelling, a type or rule that always does, a reject. */
  readonly special?: Encoded;
  /** Values that the rows had in fields of no column; only where there were some. */
  readonly values_discarded?: number;
  /** Only where the load was merged into the target. */
  readonly changes?: RowChanges;
  /** What the checks saw; the run's result has them together. */
  readonly checks?: readonly CheckResult[];
  readonly error: ErrorRecord | null;
  /** Only of `staged`: what its publish will need. */
  readonly staged?: Readonly<Record<string, string | number | null>>;
}

/** The result of one check on one partition. */
export interface CheckResult {
  readonly partition: string | null;
  readonly name: string;
  readonly kind: string;
  readonly severity: "error" | "warn";
  readonly passed: boolean;
  readonly observed: number | string | null;
  readonly expected: string | null;
  /** Up to three rows or values that failed it. */
  readonly examples?: readonly unknown[];
}

/** What `run --output json` prints; see `docs/cli.md`. */
export interface RunResult extends RowCounts {
  readonly run_id: string;
  readonly pipeline: string;
  readonly status: RunStatus;
  /** The sum over the partitions; only where there are some. */
  readonly values_discarded?: number;
  readonly bytes_read: number;
  readonly seconds: number;
  readonly rows_per_second: number;
  readonly partitions: readonly PartitionResult[];
  readonly checks: readonly CheckResult[];
  readonly error: ErrorRecord | null;
}
