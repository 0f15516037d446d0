import type { SluiceError } from "../../core/error.ts";
import type {
  CheckResult,
  Encoded,
  FileCounts,
  PartitionResult,
  RowChanges,
} from "../../core/result.ts";
import type { PartitionPlan } from "../../plan/load_plan.ts";
import type { Counts } from "../../publish/execute.ts";
import type { SourceFacts } from "../../source/context.ts";

/** What a load has counted so far. */
export interface Tally {
  rowsRead: number;
  rejected: number;
  duplicates: number;
  discarded: number;
  /** Values in fields of no column. */
  valuesDiscarded: number;
  /** Records that were encoded as they stood, and those that needed a closer look. */
  plain: Encoded;
  special: Encoded;
  /** Of a merge; null where it has not published, or exchanges. */
  counts: Counts | null;
  /** Stored bytes read. */
  bytes: number;
  /** Where the source can have several. */
  files: readonly FileTally[];
  facts: SourceFacts | null;
  sha256: string | null;
  checks: readonly CheckResult[];
  /** Seconds. */
  readonly phases: Record<string, number>;
}

/** What one of several files came to. */
export interface FileTally extends Omit<FileCounts, "rows_rejected"> {
  rows_rejected(): number;
}

/** The files as they are now. */
export function fileCounts({ files }: Tally): FileCounts[] {
  return files.map((file) => ({ ...file, rows_rejected: file.rows_rejected() }));
}

/** Nothing counted. */
export function emptyTally(): Tally {
  return {
    rowsRead: 0,
    rejected: 0,
    duplicates: 0,
    discarded: 0,
    valuesDiscarded: 0,
    plain: { records: 0, bytes: 0 },
    special: { records: 0, bytes: 0 },
    counts: null,
    bytes: 0,
    files: [],
    facts: null,
    sha256: null,
    checks: [],
    phases: {},
  };
}

/** A tally with what publishing has counted. */
export function withCounts(tally: Tally, counts: Counts, merges: boolean): Tally {
  return {
    ...tally,
    // Rows that were there already are no rows of this load.
    duplicates: tally.duplicates + (counts.rows_known ?? 0),
    counts: merges ? counts : null,
  };
}

/** How a load ended. */
export interface Ending {
  readonly status: PartitionResult["status"];
  readonly version: number | null;
  readonly error: SluiceError | null;
}

/** A load's result: every row read is loaded, rejected, a duplicate or discarded. */
export function partitionResult(
  partition: PartitionPlan,
  tally: Tally,
  { status, version, error }: Ending,
  { reason, seconds, plannedSource }: {
    readonly reason: string | null;
    readonly seconds: number;
    /** Without secrets. */
    readonly plannedSource: string;
  },
): PartitionResult {
  const published = status === "published" || status === "staged";
  const { rowsRead, rejected, duplicates, discarded, counts } = tally;
  return {
    partition: partition.partition,
    status,
    reason: error?.message ?? reason ?? partition.reason,
    version,
    rows_read: rowsRead,
    rows_loaded: published ? rowsRead - rejected - duplicates - discarded : 0,
    rows_rejected: rejected,
    rows_duplicate: published ? duplicates : 0,
    ...(published && counts !== null ? { changes: changesOf(counts) } : {}),
    // Good rows of a refused load were read and are not in the table.
    rows_discarded: published ? discarded : rowsRead - rejected,
    ...(published && tally.valuesDiscarded > 0 ? { values_discarded: tally.valuesDiscarded } : {}),
    bytes_read: tally.bytes,
    seconds,
    source: tally.facts?.url ?? plannedSource,
    sha256: tally.sha256,
    ...(tally.files.length === 0 ? {} : { files: fileCounts(tally) }),
    ...(tally.checks.length === 0 ? {} : { checks: tally.checks }),
    phases: tally.phases,
    ...(rowsRead > 0 ? { plain: tally.plain, special: tally.special } : {}),
    error: error?.toJSON() ?? null,
  };
}

/** What a merge did, as results tell it. */
export function changesOf(counts: Counts): RowChanges {
  return {
    inserted: counts.rows_inserted ?? 0,
    updated: counts.rows_updated ?? 0,
    deleted: counts.rows_deleted ?? 0,
    unchanged: (counts.rows_unchanged ?? 0) + (counts.rows_known ?? 0),
  };
}
