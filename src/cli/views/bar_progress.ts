import cliProgress from "cli-progress";
import type { Clock } from "../../core/clock.ts";
import type { RunEvent } from "../../core/event.ts";
import type { Output } from "../output.ts";
import { eventLines } from "./line_progress.ts";
import { openRunMeter, partitionLine, runLine } from "./run_meter.ts";
import type { Screen } from "./screen.ts";
import type { Progress } from "./view.ts";

/** Redraws per second; progress events come ten times a second. */
const FPS = 10;

/**
 * A bar for the run and one for each partition under way; lines worth keeping scroll above.
 *
 * Leaves the cursor and the line wrapping alone, so that a process that dies leaves a sane
 * terminal.
 */
export function barProgress(err: Output, screen: Screen, clock: Clock): Progress {
  const lineOf = eventLines(screen);
  const meter = openRunMeter(() => clock.monotonic());
  const bars = new cliProgress.MultiBar({
    stream: streamOf(err),
    fps: FPS,
    linewrap: true,
    // Lines above move the bars down, so that unchanged ones must be drawn again too.
    forceRedraw: true,
    clearOnComplete: true,
    format: (_options: unknown, { maxWidth }: { maxWidth: number }, { draw }: Payload) =>
      draw(maxWidth),
  });
  const shown = new Map<string | null, unknown>();
  let live = true;
  function show(key: string | null, draw: Payload["draw"]): void {
    if (!shown.has(key)) shown.set(key, bars.create(1, 0, { draw }));
  }
  function hide(key: string | null): void {
    const bar = shown.get(key);
    if (bar === undefined) return;
    bars.remove(bar);
    shown.delete(key);
  }
  function line(text: string): void {
    if (!live) return err.write(text);
    if (shown.size === 0) return err.write(text);
    // Clears what a longer line would leave standing of the bars below it.
    bars.log(`\x1b[J${text}`);
  }
  function emit(event: RunEvent): void {
    meter.event(event);
    if (isWorthKeeping(event)) line(lineOf(event) ?? "");
    if (!live) return;
    switch (event.type) {
      case "run_started":
        show(RUN, (width) => runLine(meter.run(), width));
        break;
      case "partition_started":
        if (meter.run().partitions > 1) {
          const { partition } = event;
          show(partition, (width) => partitionLine(meter.partition(partition), width));
        }
        break;
      case "partition_finished":
        if (event.result.partition !== null) hide(event.result.partition);
        break;
      case "run_finished":
        stop();
    }
  }
  function stop(): void {
    if (!live) return;
    live = false;
    // Writes the lines that still wait; `stop` alone would drop them.
    if (shown.size > 0) bars.update();
    bars.stop();
    shown.clear();
  }
  return { emit, line, stop };
}

/** The run's own bar; no partition is called so. */
const RUN = "\0run";

interface Payload {
  readonly draw: (width: number) => string;
}

/** The table at the end tells how each partition ended; above the bar stays what it does not have. */
function isWorthKeeping({ type }: RunEvent): boolean {
  return type === "retry" || type === "warning";
}

/** What cli-progress needs of a stream. */
function streamOf(err: Output) {
  return {
    isTTY: true,
    get columns() {
      return err.columns();
    },
    write(text: string): boolean {
      err.write(text);
      return true;
    },
  };
}
