import type { RunEvent } from "../core/event.ts";
import { type Metrics, metricsObserver } from "../observe/metrics.ts";
import { recordOf } from "../schedule/attempt.ts";
import type { RunPipeline } from "../schedule/scheduler_host.ts";
import type { Session } from "./session.ts";
import { inThread } from "./thread.ts";
import { type ThreadFlags, threadStart } from "./thread_task.ts";
import type { RunWarning } from "./views/serve_text.ts";

/** Nothing ends a run but the run: who cannot wait for it ends the process. */
const NEVER = new AbortController().signal;

/**
 * How a server runs a pipeline: in a thread and over connections of its own, counted in the metrics.
 *
 * @param warn where warnings go beside the log
 */
export function serveRun(
  flags: ThreadFlags,
  metrics: Metrics,
  session: Session,
  warn: (pipeline: string, warning: RunWarning) => void,
): RunPipeline {
  const { cli } = session;
  return async (spec, request, signal, onStart) => {
    const { pipeline } = spec;
    const target = `${spec.target.schema}.${spec.target.table}`;
    const observer = metricsObserver(metrics, cli.clock);
    const tell = session.emitBeside();
    const began = cli.clock.monotonic();
    let runId: string | null = null;
    function emit(event: RunEvent): void {
      tell(event);
      observer.observe(event);
      if (event.type === "warning") warn(pipeline, event);
      if (event.type !== "run_started") return;
      ({ runId } = event);
      onStart(event.runId);
    }
    try {
      const start = threadStart(cli, flags, { kind: "run", spec, ...request });
      const result = await inThread(start, signal, NEVER, (news) => {
        if (news.kind === "event") emit(news.event);
      });
      return result!;
    } catch (error) {
      const seconds = (cli.clock.monotonic() - began) / 1000;
      const status = signal.aborted ? "interrupted" : "failed";
      const about = { pipeline, target, runId, status, seconds, error: recordOf(error) } as const;
      observer.observe({ type: "run_failed", ...about });
      throw error;
    } finally {
      await observer.close();
    }
  };
}
