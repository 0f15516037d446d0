import type { Clock } from "../../core/clock.ts";
import type { ErrorRecord } from "../../core/error.ts";
import type { PartitionResult, RunResult } from "../../core/result.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import type { ObservedEvent, Observer, Warn } from "../observer.ts";
import { type OutputDataset, sourceDataset, targetDataset, withStatistics } from "./dataset.ts";
import { type LineageEvent, lineageEvent, type ParentRun } from "./lineage_event.ts";
import type { LineageSettings } from "./lineage_settings.ts";

/** What the events of a pipeline are made with. */
export interface LineageOptions {
  readonly settings: LineageSettings;
  readonly spec: Pick<PipelineSpec, "pipeline" | "description" | "target" | "columns">;
  /** As `Database.describe` tells it. */
  readonly database: string;
  /** Of Sluice. */
  readonly version: string;
  readonly clock: Clock;
  /** Delivers one event; tries for itself what may go well later. */
  readonly send: (event: LineageEvent) => Promise<void>;
  readonly warn: Warn;
}

/** An OpenLineage event when a run starts and one when it ends, delivered in order, beside the run. */
export function lineage(context: LineageOptions): Observer {
  const { settings, spec, version, clock, send, warn } = context;
  const target = targetDataset(spec, context.database, version);
  let queue: Promise<void> = Promise.resolve();

  function tell(
    runId: string,
    eventType: LineageEvent["eventType"],
    { sources, output, error }: {
      readonly sources: readonly string[];
      readonly output: OutputDataset;
      readonly error: ErrorRecord | null;
    },
  ): void {
    const event = lineageEvent(eventType, {
      runId,
      time: clock.now(),
      job: { namespace: settings.namespace, name: spec.pipeline },
      description: spec.description,
      version,
      parent: settings.parent satisfies ParentRun | null,
      error,
      inputs: [...new Set(sources)].map((source) => sourceDataset(source, version)),
      outputs: [output],
    });
    queue = queue.then(() => send(event)).catch((problem) => {
      const why = problem instanceof Error ? problem.message : String(problem);
      warn(`The OpenLineage event ${eventType} was not delivered: ${why}`);
    });
  }
  return {
    observe(event: ObservedEvent) {
      switch (event.type) {
        case "run_started":
          tell(event.runId, "START", { sources: [], output: target, error: null });
          break;
        case "run_finished": {
          const { partitions, error } = event.result;
          const output = withStatistics(target, partitions, version);
          tell(event.result.run_id, endOf(event.result), {
            sources: sourcesOf(partitions),
            output,
            error,
          });
          break;
        }
        case "run_failed":
          // A run that never began is of no interest to a catalogue of data.
          if (event.runId === null) break;
          tell(event.runId, endOf(event), { sources: [], output: target, error: event.error });
      }
    },
    close: () => queue,
  };
}

function endOf({ status }: Pick<RunResult, "status">): LineageEvent["eventType"] {
  switch (status) {
    case "succeeded":
    case "unchanged":
      return "COMPLETE";
    case "interrupted":
      return "ABORT";
    case "refused":
    case "failed":
      return "FAIL";
  }
}

/** Sources whose rows are in the target now, or were to be. */
function sourcesOf(partitions: readonly PartitionResult[]): string[] {
  return partitions
    .filter(({ status }) => status !== "pending" && status !== "skipped" && status !== "unchanged")
    .map(({ source }) => source);
}
