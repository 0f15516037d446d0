import type { Overview } from "./model.ts";
import type { ServedFiles } from "./pipeline_files.ts";
import type { PipelineState } from "./scheduler.ts";
import { startsAfter } from "./starts.ts";

const STARTS = 3;

/** Everything a server knows about its schedules. */
export function overviewOf(
  pipelines: readonly PipelineState[],
  files: ServedFiles,
  now: Date,
): Overview {
  return {
    now: now.toISOString(),
    pipelines: pipelines.map(({ spec, schedule, running, record }) => ({
      pipeline: spec.pipeline,
      file: spec.file,
      cron: schedule?.cron ?? null,
      timezone: schedule?.timezone ?? null,
      next: schedule === null
        ? []
        : startsAfter(spec.pipeline, schedule, now, STARTS).map(({ at }) => at.toISOString()),
      running,
      last: record?.last ?? null,
    })),
    broken: [...files].flatMap(([file, { served, fault }]) =>
      fault === null ? [] : { file, kept: served !== null, message: fault }
    ),
  };
}
