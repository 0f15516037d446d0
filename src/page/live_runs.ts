import type { RunEvent } from "../core/event.ts";
import type { PartitionResult } from "../core/result.ts";
import { logEntries, type LogEntry } from "../observe/log_entry.ts";
import type { Clock } from "../core/clock.ts";

/** A run of this process, as far as it has come. */
export interface LiveRun {
  readonly runId: string;
  readonly pipeline: string;
  /** Partitions that it has, done or not. */
  readonly total: number;
  readonly partitions: readonly LivePartition[];
  /** The newest records of its log, oldest first. */
  readonly log: readonly LiveEntry[];
  readonly ended: boolean;
}

/** One of its partitions. */
export interface LivePartition {
  readonly partition: string | null;
  readonly rowsRead: number;
  readonly rowsRejected: number;
  readonly bytesRead: number;
  readonly bytesTotal: number | null;
  /** Seconds of the stages that are over, in their order. */
  readonly stages: readonly { readonly stage: string; readonly seconds: number }[];
  /** Null while it loads. */
  readonly result: PartitionResult | null;
}

export interface LiveEntry extends Pick<LogEntry, "level" | "message" | "partition" | "stage"> {
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Runs that are kept after their end, and records kept of each. */
const KEPT = 30;
const ENTRIES = 500;

interface Kept {
  run: LiveRun;
  readonly entryOf: ReturnType<typeof logEntries>;
  changed: PromiseWithResolvers<void>;
}

/** What runs of this process tell, for those who watch them. */
export class LiveRuns {
  readonly #clock: Pick<Clock, "now">;
  readonly #runs = new Map<string, Kept>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Takes in an event. */
  observe(event: RunEvent): void {
    if (event.type === "run_started") this.#begin(event);
    const kept = event.runId === null ? undefined : this.#runs.get(event.runId);
    if (kept === undefined) return;
    const entry = kept.entryOf(event);
    const { run } = kept;
    const log = entry === null
      ? run.log
      : [...run.log.slice(1 - ENTRIES), { ...entry, at: this.#clock.now().toISOString() }];
    kept.run = { ...advance(run, event), log };
    this.#tell(kept);
  }

  /** However it ended, a run that failed as a whole too. */
  end(runId: string): void {
    const kept = this.#runs.get(runId);
    if (kept === undefined) return;
    kept.run = { ...kept.run, ended: true };
    this.#tell(kept);
  }

  get(runId: string): LiveRun | null {
    return this.#runs.get(runId)?.run ?? null;
  }

  /** Resolves when there is more to know of a run than now; never for one of another process. */
  changed(runId: string): Promise<void> {
    return this.#runs.get(runId)?.changed.promise ?? new Promise(() => {});
  }

  #begin({ runId, pipeline, partitions }: Extract<RunEvent, { type: "run_started" }>): void {
    const run = { runId, pipeline, total: partitions, partitions: [], log: [], ended: false };
    this.#runs.set(runId, { run, entryOf: logEntries(), changed: Promise.withResolvers() });
    let over = this.#runs.size - KEPT;
    for (const [id, { run: { ended } }] of this.#runs) {
      if (over-- <= 0) break;
      if (ended) this.#runs.delete(id);
    }
  }

  #tell(kept: Kept): void {
    kept.changed.resolve();
    kept.changed = Promise.withResolvers();
  }
}

function advance(run: LiveRun, event: RunEvent): LiveRun {
  switch (event.type) {
    case "partition_started":
      return changed(run, event.partition, () => ({ bytesTotal: event.bytesTotal }));
    case "progress": {
      const { rowsRead, rowsRejected, bytesRead, bytesTotal } = event;
      return changed(
        run,
        event.partition,
        () => ({ rowsRead, rowsRejected, bytesRead, bytesTotal }),
      );
    }
    case "stage_finished": {
      const { stage, seconds } = event;
      // What concerns the run as a whole is in its log.
      if (!run.partitions.some((each) => each.partition === event.partition)) return run;
      return changed(
        run,
        event.partition,
        ({ stages }) => ({ stages: [...stages, { stage, seconds }] }),
      );
    }
    case "partition_finished": {
      const { result } = event;
      const { rows_read: rowsRead, rows_rejected: rowsRejected, bytes_read: bytesRead } = result;
      return changed(
        run,
        result.partition,
        () => ({ result, rowsRead, rowsRejected, bytesRead }),
      );
    }
    case "run_finished":
      return { ...run, ended: true };
  }
  return run;
}

function changed(
  run: LiveRun,
  partition: string | null,
  change: (before: LivePartition) => Partial<LivePartition>,
): LiveRun {
  const known = run.partitions.find((each) => each.partition === partition);
  const before = known ??
    {
      partition,
      rowsRead: 0,
      rowsRejected: 0,
      bytesRead: 0,
      bytesTotal: null,
      stages: [],
      result: null,
    };
  const after = { ...before, ...change(before) };
  const partitions = known === undefined
    ? [...run.partitions, after]
    : run.partitions.map((each) => each === known ? after : each);
  return { ...run, partitions };
}
