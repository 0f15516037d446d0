import type { RunEvent } from "../core/event.ts";
import type { RunResult } from "../core/result.ts";
import { type Metrics, metricsObserver } from "../observe/metrics.ts";
import { recordOf } from "../schedule/attempt.ts";
import type { RunPipeline } from "../schedule/scheduler_host.ts";
import { openDatabase, runContext } from "./open_database.ts";
import type { DatabaseFlags } from "./options.ts";
import type { Session } from "./session.ts";
import type { RunWarning } from "./views/serve_text.ts";

/**
 * How a server runs a pipeline: over connections of its own, counted in the metrics.
 *
 * @param warn where warnings go beside the log
 */
export function serveRun(
  flags: DatabaseFlags,
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
      await using database = await openDatabase(
        url === undefined ? {} : { database: url },
        [spec],
        "serve",
        own,
      );
      const context = { ...runContext(database.db, own), emit };
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
