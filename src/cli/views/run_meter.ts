import { formatBytes, formatCount, formatDuration, formatRate } from "../../core/format_text.ts";
import type { RunEvent } from "../../core/event.ts";
import { textWidth } from "../../core/text_width.ts";

/** How far a run is, from its events so far. */
export interface RunProgress {
  readonly pipeline: string;
  readonly partitions: number;
  readonly finished: number;
  readonly rowsRead: number;
  /** Share of the work, 0 to 1; null while no size is known. */
  readonly share: number | null;
  /** Seconds since the run started. */
  readonly seconds: number;
  /** Word for the latest stage, where it is no longer reading. */
  readonly stage: string | null;
}

/** How far one partition is. */
export interface PartitionProgress {
  readonly name: string;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly bytesTotal: number | null;
  readonly stage: string | null;
}

/** Adds up events. */
export interface RunMeter {
  event(event: RunEvent): void;
  run(): RunProgress;
  partition(name: string | null): PartitionProgress;
}

/** Stages after reading, by the stage that was finished last. */
const NEXT_STAGE: Readonly<Record<string, string>> = { rows: "indexing", load: "publishing" };

/** Starts counting; `monotonic` in milliseconds. */
export function openRunMeter(monotonic: () => number): RunMeter {
  let pipeline = "";
  let partitions = 0;
  let finished = 0;
  let finishedRows = 0;
  let started = monotonic();
  const active = new Map<string | null, PartitionProgress>();
  function change(name: string | null, changes: Partial<PartitionProgress>): void {
    active.set(name, { ...partition(name), ...changes });
  }
  function partition(name: string | null): PartitionProgress {
    return active.get(name) ??
      { name: name ?? "whole table", rowsRead: 0, bytesRead: 0, bytesTotal: null, stage: null };
  }
  return {
    partition,
    event(event) {
      switch (event.type) {
        case "run_started":
          ({ pipeline, partitions } = event);
          started = monotonic();
          break;
        case "partition_started":
          active.delete(event.partition);
          change(event.partition, { bytesTotal: event.bytesTotal });
          break;
        case "progress": {
          const { rowsRead, bytesRead, bytesTotal } = event;
          change(event.partition, { rowsRead, bytesRead, bytesTotal });
          break;
        }
        case "stage_finished":
          if (active.has(event.partition)) {
            change(event.partition, { stage: NEXT_STAGE[event.stage] ?? null });
          }
          break;
        case "partition_finished":
          active.delete(event.result.partition);
          finished++;
          finishedRows += event.result.rows_read;
      }
    },
    run() {
      const all = [...active.values()];
      const shares = all.map(shareOf);
      const known = shares.every((share) => share !== null);
      const done = shares.reduce((sum: number, share) => sum + (share ?? 0), finished);
      return {
        pipeline,
        partitions,
        finished,
        rowsRead: all.reduce((sum, { rowsRead }) => sum + rowsRead, finishedRows),
        share: known && partitions > 0 ? Math.min(1, done / partitions) : null,
        seconds: (monotonic() - started) / 1000,
        stage: all.length === 1 ? all[0].stage : null,
      };
    },
  };
}

/** Share of a partition's source that was read, 0 to 1; null where its size is not known. */
export function shareOf({ bytesRead, bytesTotal, stage }: PartitionProgress): number | null {
  if (stage !== null) return 1;
  if (bytesTotal === null) return null;
  return bytesTotal === 0 ? 1 : Math.min(1, bytesRead / bytesTotal);
}

/** `yellow_taxi  █████░░░░░  50%  1/2 partitions  1,000 rows  500/s  ETA 2.00 s`. */
export function runLine(run: RunProgress, width: number): string {
  const { share, seconds, stage } = run;
  const tail = [
    share === null ? "" : `${Math.floor(share * 100)}%`,
    run.partitions > 1 ? `${run.finished}/${run.partitions} partitions` : "",
    `${formatCount(run.rowsRead)} rows`,
    formatRate(run.rowsRead, seconds),
    stage ?? (share === null ? formatDuration(seconds) : `ETA ${eta(share, seconds)}`),
  ];
  return barLine(run.pipeline, share, tail, width);
}

/** `2021-01  ███░░░░░░░  30%  300 rows  3.00 MB of 10.0 MB`. */
export function partitionLine(partition: PartitionProgress, width: number): string {
  const { bytesTotal, bytesRead, stage } = partition;
  const share = shareOf(partition);
  const size = bytesTotal === null
    ? formatBytes(bytesRead)
    : `${formatBytes(bytesRead)} of ${formatBytes(bytesTotal)}`;
  const tail = [
    share === null ? "" : `${Math.floor(share * 100)}%`,
    `${formatCount(partition.rowsRead)} rows`,
    stage ?? size,
  ];
  return barLine(partition.name, share, tail, width);
}

/** The rest at the pace so far; a dash until there is a pace to speak of. */
function eta(share: number, seconds: number): string {
  if (share < 0.01 || seconds < 0.5) return "-";
  return formatDuration(seconds * (1 - share) / share);
}

/** The bar takes the room that is left, up to 30 characters, and gives way in narrow terminals. */
function barLine(
  name: string,
  share: number | null,
  tail: readonly string[],
  width: number,
): string {
  const words = tail.filter((part) => part !== "").join("  ");
  const room = Math.min(30, width - textWidth(name) - textWidth(words) - 5);
  const full = Math.round((share ?? 0) * room);
  const bar = share === null || room < 5 ? "" : "█".repeat(full) + "░".repeat(room - full) + "  ";
  return `${name}  ${bar}${words}`;
}
