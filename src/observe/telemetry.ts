import {
  type Attributes,
  type Context,
  context as contexts,
  createContextKey,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/error.ts";
import type { PartitionResult, RowCounts } from "../core/result.ts";
import type { ObservedEvent, Observer } from "./observer.ts";
import { OUTCOMES } from "./outcomes.ts";
import { steadyNow, type Timeline, timelines } from "./timelines.ts";

/** What the spans and metrics of a run are made with. */
export interface TelemetryOptions {
  readonly clock: Clock;
  /** Of Sluice. */
  readonly version: string;
  /** W3C `traceparent` of what started this process, such as a scheduler's task. */
  readonly traceparent: string | null;
}

/**
 * Does work without the runtime's own spans, which would carry URLs and the secrets in them.
 *
 * Spans of {@link telemetry} are not affected. No `traceparent` goes to the servers of sources.
 */
export function untraced<T>(work: () => Promise<T>): Promise<T> {
  const nobody = { traceId: "1".repeat(32), spanId: "1".repeat(16), traceFlags: TraceFlags.NONE };
  const suppressed = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
  const quiet = trace.setSpanContext(ROOT_CONTEXT, nobody).setValue(suppressed, true);
  return contexts.with(quiet, work);
}

/**
 * A span for each run, partition and stage, and metrics, through the OpenTelemetry that Deno has.
 *
 * Names stay: dashboards live on them. They are listed in docs/observability.md.
 */
export function telemetry({ clock, version, traceparent }: TelemetryOptions): Observer {
  const tracer = trace.getTracer("sluice", version);
  const instruments = makeInstruments(version);
  const now = steadyNow(clock);
  const timelineOf = timelines(now);
  const parent = traceparent === null
    ? ROOT_CONTEXT
    : propagation.extract(ROOT_CONTEXT, { traceparent });
  let run: { span: Span; within: Context; labels: Attributes } | null = null;

  function begin(started: number, labels: Attributes, attributes: Attributes): void {
    const span = tracer.startSpan(
      `run ${labels["sluice.pipeline"]}`,
      { startTime: started, attributes: { ...labels, ...attributes } },
      parent,
    );
    run = { span, within: trace.setSpan(parent, span), labels };
  }
  function end(attributes: Attributes, error: ErrorRecord | null): void {
    if (run === null) return;
    run.span.setAttributes(attributes);
    if (error !== null) fail(run.span, error);
    run.span.end(now());
    run = null;
  }
  function partition(result: PartitionResult, timeline: Timeline): void {
    if (run === null || (result.error === null && result.seconds === 0)) return;
    const { labels, within } = run;
    const name = result.partition ?? "whole table";
    const span = tracer.startSpan(
      `partition ${name}`,
      { startTime: timeline.started, attributes: { ...labels, ...partitionAttributes(result) } },
      within,
    );
    const inside = trace.setSpan(within, span);
    for (const { stage, started, ended, error } of timeline.stages) {
      const child = tracer.startSpan(`stage ${stage}`, {
        startTime: started,
        attributes: { ...labels, "sluice.partition": name, "sluice.stage": stage },
      }, inside);
      if (error !== null) fail(child, error);
      child.end(ended);
      instruments.stage.record((ended - started) / 1000, { ...labels, "sluice.stage": stage });
    }
    for (const { at, stage, attempt, error } of timeline.retries) {
      span.addEvent("retry", {
        "sluice.stage": stage,
        "sluice.attempt": attempt,
        "error.type": error.code,
        "exception.message": error.message,
      }, at);
    }
    if (result.error !== null) fail(span, result.error);
    span.end(timeline.ended);
    for (const [outcome, key] of OUTCOMES) {
      if (result[key] > 0) {
        instruments.rows.add(result[key], { ...labels, "sluice.outcome": outcome });
      }
    }
    instruments.bytes.add(result.bytes_read, labels);
    instruments.lockWait.record(timeline.lockWait, labels);
  }
  function finish(status: string, seconds: number): void {
    if (run === null) return;
    const labels = { ...run.labels, "sluice.status": status };
    instruments.runs.add(1, labels);
    instruments.duration.record(seconds, labels);
  }

  return {
    observe(event: ObservedEvent) {
      const timeline = timelineOf(event);
      switch (event.type) {
        case "run_started":
          begin(
            now() - (event.secondsBefore ?? 0) * 1000,
            { "sluice.pipeline": event.pipeline, "sluice.target": event.target },
            { "sluice.run_id": event.runId, "sluice.partitions": event.partitions },
          );
          break;
        case "warning":
          run?.span.addEvent("warning", {
            "sluice.message": event.message,
            ...(event.partition === null ? {} : { "sluice.partition": event.partition }),
          }, now());
          break;
        case "partition_finished":
          if (timeline !== null) partition(event.result, timeline);
          break;
        case "run_finished": {
          const { status, seconds, error } = event.result;
          finish(status, seconds);
          end({ "sluice.status": status, ...rowAttributes(event.result) }, error);
          break;
        }
        case "run_failed": {
          const { pipeline, target, status, seconds, error } = event;
          const labels = { "sluice.pipeline": pipeline, "sluice.target": target };
          if (run === null) begin(now() - seconds * 1000, labels, {});
          finish(status, seconds);
          end({ "sluice.status": status }, error);
        }
      }
    },
    // The runtime sends what waits when the process ends.
    close: () => Promise.resolve(),
  };
}

/** Seconds: loads take from milliseconds to hours. */
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400];

function makeInstruments(version: string) {
  const meter = metrics.getMeter("sluice", version);
  const seconds = { unit: "s", advice: { explicitBucketBoundaries: BUCKETS } };
  return {
    rows: meter.createCounter("sluice.rows", { unit: "{row}", description: "Rows by outcome" }),
    bytes: meter.createCounter("sluice.bytes", {
      unit: "By",
      description: "Bytes of sources read",
    }),
    runs: meter.createCounter("sluice.runs", { unit: "{run}", description: "Runs by status" }),
    duration: meter.createHistogram("sluice.run.duration", {
      ...seconds,
      description: "Seconds of a run",
    }),
    stage: meter.createHistogram("sluice.stage.duration", {
      ...seconds,
      description: "Seconds of a stage of a partition",
    }),
    lockWait: meter.createHistogram("sluice.lock.wait", {
      ...seconds,
      description: "Seconds that publishing a partition waited for locks",
    }),
  };
}

function partitionAttributes(result: PartitionResult): Attributes {
  const phases = Object.entries(result.phases).map(([phase, seconds]) =>
    [`sluice.phase.${phase}`, seconds] as const
  );
  return {
    "sluice.partition": result.partition ?? "whole table",
    "sluice.status": result.status,
    "sluice.source": result.source,
    ...(result.version === null ? {} : { "sluice.version": result.version }),
    ...rowAttributes(result),
    ...Object.fromEntries(phases),
  };
}

function rowAttributes(result: RowCounts & { readonly bytes_read: number }): Attributes {
  return {
    "sluice.rows_read": result.rows_read,
    "sluice.rows_loaded": result.rows_loaded,
    "sluice.rows_rejected": result.rows_rejected,
    "sluice.rows_duplicate": result.rows_duplicate,
    "sluice.rows_discarded": result.rows_discarded,
    "sluice.bytes_read": result.bytes_read,
  };
}

function fail(span: Span, error: ErrorRecord): void {
  span.setAttribute("error.type", error.code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}
