import { retryNews } from "../../core/event.ts";
import type { ErrorRecord } from "../../core/error.ts";
import { openRejectWriter, type RejectOwner, type RejectWriter } from "../../ledger/mod.ts";
import type { PartitionPlan, RowsPlan } from "../../plan/load_plan.ts";
import { type RunContext, sourceContext } from "../context.ts";
import type { RecordSplitter } from "../../rows/record_batch.ts";
import type { RecordReader } from "../../source/formats/format.ts";
import { openReader } from "../../source/formats/mod.ts";
import { type OpenSource, openSource, type SourceFile } from "../../source/open.ts";

/** Where the records of one partition come from, and where those that fail go. */
export interface LoadSource {
  /** From the beginning, each time. */
  open(): Promise<OpenSource>;
  /**
   * For one file.
   *
   * @param base bytes that have come in the files before it
   * @param splitter takes what is plain of a file
   */
  reader(
    file: Pick<SourceFile, "announced">,
    base: number,
    splitter?: RecordSplitter,
  ): RecordReader;
  rejects(owner: RejectOwner): RejectWriter;
  /** A load without rows is not worth a version. */
  readonly skipsEmpty: boolean;
  /** JSON of the ids of rejected rows that this load takes in; null for a source of its own. */
  replayed(): string | null;
  /** Stored bytes that the ledger keeps; null: those that were read. */
  readonly recordedBytes: number | null;
}

/**
 * The partition's own source, as planned.
 *
 * @param needsDigest its bytes are compared with a digest of all of them
 */
export function plannedSource(
  { columns, newColumns }: RowsPlan,
  partition: PartitionPlan,
  runId: string,
  context: RunContext,
  needsDigest = false,
): LoadSource {
  // Remembered from one attempt to the next.
  const ranges = { areTrusted: !needsDigest };
  const onRetry = (
    attempt: number,
    attempts: number,
    delaySeconds: number,
    error: ErrorRecord,
  ) =>
    context.emit({
      runId,
      ...retryNews(partition.partition, "source", attempt, attempts, delaySeconds, error),
    });
  return {
    open: () => openSource(partition.source, { ...sourceContext(context, onRetry), ranges }),
    reader: ({ announced }, base, splitter) =>
      openReader(
        partition.source.format,
        { columns, others: newColumns === "discard_row" ? "count" : "skip", base, announced },
        splitter,
      ),
    rejects: (owner) => openRejectWriter(context.db, owner),
    skipsEmpty: false,
    replayed: () => null,
    recordedBytes: null,
  };
}
