import type { ScheduleSpec } from "../../src/spec/pipeline_spec.ts";

/** A schedule with nothing special about it. */
export function schedule(cron: string, changes: Partial<ScheduleSpec> = {}): ScheduleSpec {
  return {
    cron,
    timezone: "UTC",
    retries: 0,
    retryDelaySeconds: 60,
    jitterSeconds: 0,
    catchUp: true,
    ...changes,
  };
}

/** A moment, in UTC where it has no offset. */
export function at(text: string): Date {
  return new Date(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}
