import { recurrenceFault } from "../core/occurrences.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { ScheduleSpec } from "./schedule_spec.ts";

/** A pipeline whose file may say when it runs by itself. */
export type ScheduledSpec = PipelineSpec & { readonly schedule?: ScheduleSpec | null };

/** The schedule of a pipeline, or null. */
export function scheduleOf({ schedule }: ScheduledSpec): ScheduleSpec | null {
  return schedule ?? null;
}

/** What is wrong with a pipeline's schedule, for people, or null. */
export function scheduleFault(spec: ScheduledSpec): string | null {
  const schedule = scheduleOf(spec);
  const fault = schedule === null ? null : recurrenceFault(schedule);
  return fault === null ? null : `schedule.${fault.key}: ${fault.message}. ${fault.hint}`;
}
