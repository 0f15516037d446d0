import type { Clock } from "../core/clock.ts";
import { errorRecord } from "../core/error.ts";
import { redactDeep } from "../core/redact_deep.ts";
import type { RunResult } from "../core/result.ts";
import type { RunContext } from "../run/context.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { LineageSettings } from "./lineage/lineage_settings.ts";
import type { LogLevel } from "./log_entry.ts";
import { observeAll, type ObservedEvent, type Observer, type Warn } from "./observer.ts";

/** Who observes runs, beside the notifications of the pipeline file. */
export interface ObserveSettings {
  readonly lineage: LineageSettings | null;
  /** The least that goes into `sluice.logs`; null: nothing. */
  readonly logTable: LogLevel | null;
  /** Programs that notifications may run. */
  readonly allowedCommands: readonly string[];
  /** Null where the runtime exports none. */
  readonly telemetry: { readonly traceparent: string | null } | null;
  /** Made for this run alone, such as the one that counts for `/metrics`. */
  readonly observers?: readonly Observer[];
}

/** Milliseconds that a run which is over waits for those who listen, and one that was interrupted. */
const PATIENCE = 60_000;
const HURRY = 5_000;

/**
 * Does the work of a run while others listen; returns or throws what the work does.
 *
 * Nobody who listens can slow the work, let it fail, or learn a secret. What they have not
 * delivered when the run is over is waited for, a minute at most.
 */
export async function observeRun(
  spec: PipelineSpec,
  context: RunContext,
  settings: ObserveSettings,
  work: (context: RunContext) => Promise<RunResult>,
): Promise<RunResult> {
  let runId: string | null = null;
  const warn: Warn = (message) =>
    context.emit({ type: "warning", runId, partition: null, message });
  const observers = await openObservers(spec, context, settings, warn);
  if (observers.length === 0) return await work(context);
  const all = observeAll(observers, warn);
  const observe = (event: ObservedEvent) => all.observe(redactDeep(event, context.secrets));
  const started = context.clock.monotonic();
  try {
    return await work({
      ...context,
      emit(event) {
        context.emit(event);
        // Before it, the ledger knows of no run.
        if (event.type === "run_started") ({ runId } = event);
        observe(event);
      },
    });
  } catch (error) {
    observe({
      type: "run_failed",
      pipeline: spec.pipeline,
      target: targetOf(spec),
      runId,
      status: context.signal.aborted ? "interrupted" : "failed",
      seconds: (context.clock.monotonic() - started) / 1000,
      error: errorRecord(error),
    });
    throw error;
  } finally {
    await closeInTime(all, context.clock, context.signal, warn);
  }
}

/** Each is loaded only where somebody asked for it. */
async function openObservers(
  spec: PipelineSpec,
  context: RunContext,
  settings: ObserveSettings,
  warn: Warn,
): Promise<Observer[]> {
  const { db, clock, version, host, random, secrets } = context;
  const delivery = { clock, random, fetch };
  const observers: Observer[] = [...settings.observers ?? []];
  if (settings.telemetry !== null) {
    const { telemetry } = await import("./telemetry.ts");
    observers.push(telemetry({ clock, version, ...settings.telemetry }));
  }
  if (settings.logTable !== null) {
    const { logTable } = await import("./log_table.ts");
    observers.push(logTable({ db, clock, level: settings.logTable, warn }));
  }
  if (settings.lineage !== null) {
    const { lineage } = await import("./lineage/lineage.ts");
    const { lineageSender } = await import("./lineage/send.ts");
    const send = lineageSender(settings.lineage, delivery);
    const database = db.describe;
    observers.push(
      lineage({ settings: settings.lineage, spec, database, version, clock, send, warn }),
    );
  }
  if (spec.notify.length > 0) {
    const { notify } = await import("./notify/notify.ts");
    const { readPastRuns } = await import("./run_history.ts");
    const { DELIVERY_LIMITS: limits } = await import("./post.ts");
    const { pipeline, environment } = spec;
    const target = targetOf(spec);
    observers.push(notify({
      ...delivery,
      secrets,
      limits,
      allowedCommands: settings.allowedCommands,
      notify: spec.notify,
      expect: spec.expect ?? { durationSeconds: null },
      pipeline,
      target,
      environment,
      host,
      history: (except) => readPastRuns(db, { pipeline, target, except }),
      warn,
    }));
  }
  return observers;
}

async function closeInTime(
  observer: Observer,
  clock: Clock,
  signal: AbortSignal,
  warn: Warn,
): Promise<void> {
  const done = new AbortController();
  const wait = (milliseconds: number, ...signals: AbortSignal[]) =>
    clock.sleep(milliseconds, AbortSignal.any([done.signal, ...signals])).catch(() => {});
  const patience = async () => {
    await wait(PATIENCE, signal);
    if (signal.aborted) await wait(HURRY);
    if (!done.signal.aborted) {
      warn(
        "Logs, traces, events or notifications of the run took too long to deliver and were dropped",
      );
    }
  };
  await Promise.race([observer.close().finally(() => done.abort()), patience()]);
}

function targetOf({ target }: PipelineSpec): string {
  return `${target.schema}.${target.table}`;
}
