import { errorRecord, SluiceError } from "../core/error.ts";
import type { RunEvent } from "../core/event.ts";
import { type Metrics, metricsObserver } from "../observe/metrics.ts";
import type { LiveRuns } from "../page/live_runs.ts";
import type { RollbackResult } from "../publish/rollback.ts";
import type { RunPipeline } from "../schedule/scheduler_host.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { Session } from "./session.ts";
import { inThread } from "./thread.ts";
import { type RollbackTask, type ThreadFlags, threadStart } from "./thread_task.ts";
import type { RunWarning } from "./views/serve_text.ts";

/** Nothing ends a run but the run: who cannot wait for it ends the process. */
const NEVER = new AbortController().signal;

/** How a server runs pipelines, and what it can do with a run that is under way. */
export interface ServedRuns {
  readonly run: RunPipeline;
  /** Stops one run, which publishes nothing more; false where none such is under way. */
  cancel(runId: string): boolean;
  rollback(
    spec: PipelineSpec,
    request: RollbackTask["request"],
    signal: AbortSignal,
  ): Promise<RollbackResult>;
}

/**
 * How a server runs pipelines: in threads and over connections of their own, counted in the metrics
 * and shown while they go on.
 *
 * @param warn where warnings go beside the log
 */
export function servedRuns(
  flags: ThreadFlags,
  metrics: Metrics,
  live: LiveRuns,
  session: Session,
  warn: (pipeline: string, warning: RunWarning) => void,
): ServedRuns {
  const { cli } = session;
  const underWay = new Map<string, AbortController>();
  return {
    async run(spec, request, signal, onStart) {
      const { pipeline } = spec;
      const target = `${spec.target.schema}.${spec.target.table}`;
      const observer = metricsObserver(metrics, cli.clock);
      const began = cli.clock.monotonic();
      const cancel = new AbortController();
      let runId: string | null = null;
      function emit(event: RunEvent): void {
        session.emit(event);
        observer.observe(event);
        live.observe(event);
        if (event.type === "warning") warn(pipeline, event);
        if (event.type !== "run_started") return;
        ({ runId } = event);
        underWay.set(event.runId, cancel);
        onStart(event.runId);
      }
      const stop = AbortSignal.any([signal, cancel.signal]);
      try {
        const start = threadStart(cli, flags, { kind: "run", spec, ...request });
        return await inThread(start, stop, NEVER, (news) => {
          if (news.kind === "event") emit(news.event);
        });
      } catch (error) {
        const seconds = (cli.clock.monotonic() - began) / 1000;
        const status = stop.aborted ? "interrupted" : "failed";
        const about = {
          pipeline,
          target,
          runId,
          status,
          seconds,
          error: errorRecord(error),
        } as const;
        observer.observe({ type: "run_failed", ...about });
        throw error;
      } finally {
        if (runId !== null) {
          underWay.delete(runId);
          live.end(runId);
        }
        await observer.close();
      }
    },
    cancel(runId) {
      const run = underWay.get(runId);
      run?.abort(
        new SluiceError("cli/canceled", "Somebody canceled the run", {
          hint: "Run the pipeline again to load what is missing",
        }),
      );
      return run !== undefined;
    },
    async rollback(spec, request, signal) {
      const start = threadStart(cli, flags, { kind: "rollback", spec, request });
      return await inThread(start, signal, NEVER, () => {});
    },
  };
}
