import { formatBytes, formatCount, formatDuration, formatRate } from "../../core/format_text.ts";
import type { RunEvent } from "../../core/event.ts";
import { textWidth } from "../../core/text_width.ts";
import { openPace } from "./pace.ts";
import { fit } from "./screen.ts";

/** How far a run is, from its events so far. */
export interface RunProgress {
  readonly pipeline: string;
  readonly partitions: number;
  readonly finished: number;
  readonly rowsRead: number;
  /** Share of the bytes to read, 0 to 1; null while no size is known. */
  readonly share: number | null;
  /** Rows that were read each second, lately; null before there is a pace. */
  readonly rowsPerSecond: number | null;
  /** Seconds until the rest is read at the pace of lately; null where nobody can say. */
  readonly secondsLeft: number | null;
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
  /** Sizes of the partitions that were read, or are; unchanged ones are no work. */
  let finishedBytes = 0;
  let sized = 0;
  let idle = 0;
  let started = monotonic();
  let rowPace = openPace(monotonic);
  let bytePace = openPace(monotonic);
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
          rowPace = openPace(monotonic);
          bytePace = openPace(monotonic);
          break;
        case "partition_started":
          active.delete(event.partition);
          change(event.partition, { bytesTotal: event.bytesTotal });
          break;
        case "progress": {
          const { rowsRead, bytesRead, bytesTotal } = event;
          change(event.partition, { rowsRead, bytesRead, bytesTotal });
          rowPace.count(rowsSoFar());
          bytePace.count(bytesSoFar());
          break;
        }
        case "stage_finished":
          if (active.has(event.partition)) {
            change(event.partition, { stage: NEXT_STAGE[event.stage] ?? null });
          }
          break;
        case "partition_finished": {
          const { partition: name, rows_read, bytes_read } = event.result;
          const known = active.get(name);
          active.delete(name);
          finished++;
          finishedRows += rows_read;
          // One that failed half-way is over all the same.
          const bytes = Math.max(known?.bytesTotal ?? 0, known?.bytesRead ?? 0, bytes_read);
          finishedBytes += bytes;
          if (bytes > 0) sized++;
          else idle++;
          rowPace.count(rowsSoFar());
          bytePace.count(bytesSoFar());
        }
      }
    },
    run() {
      const all = [...active.values()];
      const total = bytesInAll();
      const done = bytesSoFar();
      const pace = bytePace.perSecond();
      return {
        pipeline,
        partitions,
        finished,
        rowsRead: rowsSoFar(),
        share: total === null || total === 0 ? null : Math.min(1, done / total),
        rowsPerSecond: rowPace.perSecond(),
        secondsLeft: total === null || pace === null || pace <= 0 ? null : (total - done) / pace,
        seconds: (monotonic() - started) / 1000,
        stage: all.length === 1 ? all[0].stage : null,
      };
    },
  };
  function rowsSoFar(): number {
    return [...active.values()].reduce((sum, { rowsRead }) => sum + rowsRead, finishedRows);
  }
  function bytesSoFar(): number {
    return [...active.values()].reduce(
      (sum, { bytesRead, bytesTotal, stage }) =>
        // What is behind its reading was read to its end, whatever was told last.
        sum +
        (stage === null ? Math.min(bytesRead, bytesTotal ?? Infinity) : bytesTotal ?? bytesRead),
      finishedBytes,
    );
  }
  /** Of those that have not started the mean of the others; null where a size is not known. */
  function bytesInAll(): number | null {
    const all = [...active.values()];
    if (partitions === 0 || all.some(({ bytesTotal }) => bytesTotal === null)) return null;
    const known = all.reduce((sum, { bytesTotal }) => sum + bytesTotal!, finishedBytes);
    const waiting = Math.max(0, partitions - finished - all.length);
    const seen = sized + all.length;
    if (waiting === 0) return known;
    // Where all so far was unchanged, what comes may be so as well.
    return seen === 0 ? (idle === 0 ? null : 0) : known * (1 + waiting / seen);
  }
}

/** Share of a partition's source that was read, 0 to 1; null where its size is not known. */
function shareOf({ bytesRead, bytesTotal, stage }: PartitionProgress): number | null {
  if (stage !== null) return 1;
  if (bytesTotal === null) return null;
  return bytesTotal === 0 ? 1 : Math.min(1, bytesRead / bytesTotal);
}

/** `yellow_taxi  █████░░░░░  50%  1/2 partitions  1,000 rows  500/s  ETA 2.00 s`. */
export function runLine(run: RunProgress, width: number): string {
  const { share, seconds, stage, rowsPerSecond, secondsLeft } = run;
  const tail = [
    share === null ? "" : `${Math.floor(share * 100)}%`,
    run.partitions > 1 ? `${run.finished}/${run.partitions} partitions` : "",
    `${formatCount(run.rowsRead)} rows`,
    rowsPerSecond === null ? "-" : formatRate(rowsPerSecond, 1),
    stage ??
      (share === null
        ? formatDuration(seconds)
        : `ETA ${secondsLeft === null ? "-" : formatDuration(secondsLeft)}`),
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
  const shown = room < 5 ? fit(name, Math.max(8, width - textWidth(words) - 2)) : name;
  return fit(`${shown}  ${bar}${words}`, width);
}
