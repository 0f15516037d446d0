import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Clock } from "../core/clock.ts";
import type { RunStatus } from "../core/result.ts";
import type { Observer } from "./observer.ts";
import { OUTCOMES } from "./outcomes.ts";
import { steadyNow, timelines } from "./timelines.ts";

/** What `/metrics` shows: one for a whole process, filled by the observers of its runs. */
export type Metrics = ReturnType<typeof makeMetrics>;

/** How a pipeline's last run ended, from before this process began. */
export interface LastRun {
  readonly pipeline: string;
  /** `schema.table`. */
  readonly target: string;
  /** Seconds since 1970; null where no run has succeeded. */
  readonly lastSuccess: number | null;
  readonly lastRun: number;
  readonly seconds: number | null;
  readonly rowsLoaded: number;
  readonly rowsRejected: number;
}

/** `Content-Type` of what {@link renderMetrics} returns. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

const LABELS = ["pipeline", "target"] as const;

/** Seconds: loads take from milliseconds to hours. */
const BUCKETS = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400];
const LOCK_BUCKETS = [0.001, 0.01, 0.1, 0.5, 1, 5, 15, 60];

/** Makes the metrics of a process. Names stay: alerts live on them; docs/observability.md has them. */
export function makeMetrics(version: string) {
  const registers = [new Registry()];
  new Gauge({
    name: "sluice_build_info",
    help: "Version of Sluice, always 1",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);
  return {
    registry: registers[0],
    runs: new Counter({
      name: "sluice_runs_total",
      help: "Runs by how they ended",
      labelNames: [...LABELS, "status"],
      registers,
    }),
    running: new Gauge({
      name: "sluice_runs_in_progress",
      help: "Runs under way",
      labelNames: LABELS,
      registers,
    }),
    rows: new Counter({
      name: "sluice_rows_total",
      help: "Rows read, by what became of them",
      labelNames: [...LABELS, "outcome"],
      registers,
    }),
    bytes: new Counter({
      name: "sluice_bytes_read_total",
      help: "Bytes of sources read, as stored",
      labelNames: LABELS,
      registers,
    }),
    partitions: new Counter({
      name: "sluice_partitions_total",
      help: "Partitions by how they ended",
      labelNames: [...LABELS, "status"],
      registers,
    }),
    retries: new Counter({
      name: "sluice_retries_total",
      help: "Attempts that failed and were retried",
      labelNames: [...LABELS, "stage"],
      registers,
    }),
    phases: new Counter({
      name: "sluice_phase_seconds_total",
      help: "Seconds by phase of a load; read, parse and copy overlap",
      labelNames: [...LABELS, "phase"],
      registers,
    }),
    duration: new Histogram({
      name: "sluice_run_duration_seconds",
      help: "Seconds of runs that loaded something",
      labelNames: LABELS,
      buckets: BUCKETS,
      registers,
    }),
    lockWait: new Histogram({
      name: "sluice_lock_wait_seconds",
      help: "Seconds that publishing a partition waited for locks",
      labelNames: LABELS,
      buckets: LOCK_BUCKETS,
      registers,
    }),
    lastSuccess: new Gauge({
      name: "sluice_last_success_timestamp_seconds",
      help: "When a run last ended well, loading something or nothing; seconds since 1970",
      labelNames: LABELS,
      registers,
    }),
    lastRun: new Gauge({
      name: "sluice_last_run_timestamp_seconds",
      help: "When a run last ended, however it did; seconds since 1970",
      labelNames: LABELS,
      registers,
    }),
    lastDuration: new Gauge({
      name: "sluice_last_run_duration_seconds",
      help: "Seconds of the last run",
      labelNames: LABELS,
      registers,
    }),
    lastRows: new Gauge({
      name: "sluice_last_run_rows",
      help: "Rows of the last run, by what became of them",
      labelNames: [...LABELS, "outcome"],
      registers,
    }),
  };
}

/** The metrics as Prometheus reads them. */
export function renderMetrics(metrics: Pick<Metrics, "registry">): Promise<string> {
  return metrics.registry.metrics();
}

/**
 * The same, only of pipelines that are served and of the targets that they have now: alerts on what
 * was taken out of the folder would go on for ever.
 *
 * @param targets `schema.table` by pipeline
 */
export function ofServed(text: string, targets: ReadonlyMap<string, string>): string {
  return text.split("\n").filter((line) => {
    const [, pipeline] = /^[^#{]*\{.*?\bpipeline="([^"]*)"/.exec(line) ?? [];
    if (pipeline === undefined) return true;
    const [, target] = /\btarget="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
    const served = targets.get(pipeline);
    return served !== undefined && (target === undefined || target === escaped(served));
  }).join("\n");
}

/** A label's value as the text format has it. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** Fills in what the ledger remembers, so that a restart does not look like a success that never was. */
export function seedMetrics(metrics: Metrics, runs: readonly LastRun[]): void {
  for (const { pipeline, target, lastSuccess, lastRun, seconds, ...rows } of runs) {
    const labels = { pipeline, target };
    if (lastSuccess !== null) metrics.lastSuccess.set(labels, lastSuccess);
    metrics.lastRun.set(labels, lastRun);
    if (seconds !== null) metrics.lastDuration.set(labels, seconds);
    metrics.lastRows.set({ ...labels, outcome: "loaded" }, rows.rowsLoaded);
    metrics.lastRows.set({ ...labels, outcome: "rejected" }, rows.rowsRejected);
    metrics.running.set(labels, 0);
  }
}

/** Counts one run after another; several runs at once need an observer each. */
export function metricsObserver(metrics: Metrics, clock: Clock): Observer {
  const timelineOf = timelines(steadyNow(clock));
  let labels = { pipeline: "", target: "" };
  let running = false;
  function leave(): void {
    if (running) metrics.running.dec(labels);
    running = false;
  }
  function ended(status: RunStatus, seconds: number): void {
    leave();
    const now = clock.now().getTime() / 1000;
    metrics.runs.inc({ ...labels, status });
    metrics.lastRun.set(labels, now);
    metrics.lastDuration.set(labels, seconds);
    if (status === "succeeded") metrics.duration.observe(labels, seconds);
    if (status === "succeeded" || status === "unchanged") metrics.lastSuccess.set(labels, now);
  }
  return {
    observe(event) {
      const timeline = timelineOf(event);
      switch (event.type) {
        case "run_started":
          labels = { pipeline: event.pipeline, target: event.target };
          metrics.running.inc(labels);
          running = true;
          break;
        case "retry":
          metrics.retries.inc({ ...labels, stage: event.stage });
          break;
        case "partition_finished": {
          const { result } = event;
          metrics.partitions.inc({ ...labels, status: result.status });
          metrics.bytes.inc(labels, result.bytes_read);
          for (const [outcome, key] of OUTCOMES) {
            metrics.rows.inc({ ...labels, outcome }, result[key]);
          }
          for (const [phase, seconds] of Object.entries(result.phases)) {
            metrics.phases.inc({ ...labels, phase }, seconds);
          }
          const loading = result.status === "published" || result.status === "failed";
          if (timeline !== null && loading) metrics.lockWait.observe(labels, timeline.lockWait);
          break;
        }
        case "run_finished":
          ended(event.result.status, event.result.seconds);
          for (const [outcome, key] of OUTCOMES) {
            metrics.lastRows.set({ ...labels, outcome }, event.result[key]);
          }
          break;
        case "run_failed":
          labels = { pipeline: event.pipeline, target: event.target };
          ended(event.status, event.seconds);
      }
    },
    close() {
      leave();
      return Promise.resolve();
    },
  };
}
