import type { Recurrence } from "../core/occurrences.ts";

/** When a pipeline runs by itself: `schedule:` of its file. */
export interface ScheduleSpec extends Recurrence {
  /** Attempts after the first one that failed for a reason which time may mend. */
  readonly retries: number;
  /** Seconds before the first of them; each wait is twice the one before, up to an hour. */
  readonly retryDelaySeconds: number;
  /** Each run starts up to so many seconds after its time, by the pipeline's name and that time. */
  readonly jitterSeconds: number;
  /** Whether what was due while no server was there is run once, late. */
  readonly catchUp: boolean;
}

/** What a `schedule:` has where it says nothing of it. */
export const SCHEDULE_DEFAULTS: Omit<ScheduleSpec, "cron"> = {
  timezone: "UTC",
  retries: 3,
  retryDelaySeconds: 60,
  jitterSeconds: 0,
  catchUp: true,
};
