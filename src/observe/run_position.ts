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

/** Follows a run, and says of each of its events what it is about. */
export function runPositions(): (event: ObservedEvent) => RunPosition {
  let run: { run_id: string | null; pipeline: string | null } = { run_id: null, pipeline: null };
  const underWay = new Map<string | null, Stage>();
  return (event) => {
    switch (event.type) {
      case "run_started":
        run = { run_id: event.runId, pipeline: event.pipeline };
        underWay.clear();
        return { ...run, partition: null, stage: null };
      case "run_finished":
        run = { run_id: event.result.run_id, pipeline: event.result.pipeline };
        return { ...run, partition: null, stage: null };
      case "run_failed":
        run = { run_id: event.runId, pipeline: event.pipeline };
        return { ...run, partition: null, stage: stageOf(event.error.code) };
      case "partition_started":
        underWay.set(event.partition, "rows");
        return { ...run, partition: event.partition, stage: "source" };
      case "stage_finished":
        underWay.set(event.partition, NEXT_STAGE[event.stage] ?? event.stage);
        return { ...run, partition: event.partition, stage: event.stage };
      case "retry":
        return { ...run, partition: event.partition, stage: event.stage };
      case "partition_finished": {
        const { partition, error } = event.result;
        const stage = error === null ? null : stageOf(error.code);
        return { ...run, partition, stage: stage ?? underWay.get(partition) ?? null };
      }
      case "warning":
      case "progress": {
        const stage = "stage" in event ? event.stage : undefined;
        return {
          ...run,
          partition: event.partition,
          stage: stage ?? underWay.get(event.partition) ?? null,
        };
      }
    }
  };
}

/** The stage that an error's code names; null for those of the database and the command line. */
export function stageOf(code: string): Stage | null {
  const origin = code.slice(0, code.indexOf("/"));
  return STAGES.find((stage) => stage === origin) ?? null;
}
