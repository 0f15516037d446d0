import type { RunEvent } from "../core/event.ts";
import type { RunResult } from "../core/result.ts";
import { type Metrics, metricsObserver } from "../observe/metrics.ts";
import { recordOf } from "../schedule/attempt.ts";
import type { RunPipeline } from "../schedule/scheduler_host.ts";
import type { RunContext } from "../run_context.ts";
import { openDatabase, openQueue, runContext } from "./open_database.ts";
import type { DatabaseFlags } from "./options.ts";
import type { Session } from "./session.ts";
import type { RunWarning } from "./views/serve_text.ts";

/**
 * How a server runs a pipeline: over connections of its own, counted in the metrics.
 *
 * @param warn where warnings go beside the log
 */
export function serveRun(
  flags: DatabaseFlags & { readonly distributed?: boolean },
  metrics: Metrics,
  session: Session,
  warn: (pipeline: string, warning: RunWarning) => void,
): RunPipeline {
  const { cli } = session;
  const { database: url } = flags;
  return async (spec, { partitions, force }, signal, onStart) => {
    // A run may finish after the server was told to stop: it listens to its own signal alone.
    const own = { ...session, cli: { ...cli, interrupt: { ...cli.interrupt, signal } } };
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
      await using stack = new AsyncDisposableStack();
      const where = url === undefined ? {} : { database: url };
      const { db } = stack.use(await openDatabase(where, [spec], "serve", own));
      let context: RunContext = { ...runContext(db, own), emit };
      if (flags.distributed) {
        const queue = stack.use(await openQueue(where, "serve", own));
        context = { ...context, elsewhere: await cli.services.loadElsewhere(queue, 0) };
      }
      const options = { partitions, force, allowDestructive: false };
      return await cli.services.runPipeline(spec, options, context) satisfies RunResult;
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
