import type { Stage } from "../core/stage.ts";
import { STAGES } from "../core/stage.ts";
import type { ObservedEvent } from "./observer.ts";

/** What an event is about: every log line carries all four, null where they do not apply. */
export interface RunPosition {
  readonly run_id: string | null;
  readonly pipeline: string | null;
  /** Null for a whole table, and for what concerns the run. */
  readonly partition: string | null;
  readonly stage: Stage | null;
}

/** The stage under way once another one is finished. */
export const NEXT_STAGE: Readonly<Partial<Record<Stage, Stage>>> = {
  source: "rows",
  rows: "load",
  load: "publish",
  check: "publish",
};

interface UnderWay {
  readonly pipeline: string;
  /** The stage of each partition. */
  readonly stages: Map<string | null, Stage>;
}

/** Follows runs, and says of each of their events what it is about. */
export function runPositions(): (event: ObservedEvent) => RunPosition {
  const runs = new Map<string, UnderWay>();
  return (event) => {
    if (event.type === "run_started") {
      runs.set(event.runId, { pipeline: event.pipeline, stages: new Map() });
    }
    const run = event.runId === null ? undefined : runs.get(event.runId);
    const about = { run_id: event.runId, pipeline: run?.pipeline ?? null };
    switch (event.type) {
      case "run_started":
        return { ...about, partition: null, stage: null };
      case "run_finished":
        runs.delete(event.result.run_id);
        return { ...about, pipeline: event.result.pipeline, partition: null, stage: null };
      case "run_failed": {
        const { runId, pipeline, error } = event;
        if (runId !== null) runs.delete(runId);
        return { ...about, pipeline, partition: null, stage: stageOf(error.code) };
      }
      case "partition_started":
        run?.stages.set(event.partition, "rows");
        return { ...about, partition: event.partition, stage: "source" };
      case "stage_finished":
        run?.stages.set(event.partition, NEXT_STAGE[event.stage] ?? event.stage);
        return { ...about, partition: event.partition, stage: event.stage };
      case "retry":
        return { ...about, partition: event.partition, stage: event.stage };
      case "partition_finished": {
        const { partition, error } = event.result;
        const stage = error === null ? null : stageOf(error.code);
        return { ...about, partition, stage: stage ?? run?.stages.get(partition) ?? null };
      }
      case "warning":
      case "progress": {
        const stage = "stage" in event ? event.stage : undefined;
        const { partition } = event;
        return { ...about, partition, stage: stage ?? run?.stages.get(partition) ?? null };
      }
    }
  };
}

/** The stage that an error's code names; null for those of the database and the command line. */
export function stageOf(code: string): Stage | null {
  const origin = code.slice(0, code.indexOf("/"));
  return STAGES.find((stage) => stage === origin) ?? null;
}
