import { lastStart, type Start, startsAfter } from "../schedule/starts.ts";
import type { ScheduleSpec } from "../spec/pipeline_spec.ts";

/** The starts around a moment. */
export interface StartsAround {
  /** The newest that has passed; null: none has. */
  readonly last: Start | null;
  /** Those to come, the next one first. */
  readonly next: readonly Start[];
}

/** Starts that are looked ahead. */
const AHEAD = 3;

/** Schedules that are remembered: more than a folder has. */
const MOST = 20_000;

/**
 * When schedules start their pipelines, remembered until that changes: to find it out for hundreds
 * of schedules takes longer than all else that a page asks for.
 */
export class Starts {
  readonly #known = new Map<string, StartsAround & { schedule: ScheduleSpec; since: Date }>();

  around(pipeline: string, schedule: ScheduleSpec, now: Date): StartsAround {
    const known = this.#known.get(pipeline);
    if (known !== undefined && known.schedule === schedule && known.since <= now) {
      if (known.next.length === 0 || now < known.next[0].at) return known;
    }
    if (this.#known.size >= MOST) this.#known.clear();
    const around = {
      schedule,
      since: now,
      last: lastStart(pipeline, schedule, now),
      next: startsAfter(pipeline, schedule, now, AHEAD),
    };
    this.#known.set(pipeline, around);
    return around;
  }
}
