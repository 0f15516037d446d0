import { occurrencesAfter, occurrencesUpTo } from "../core/occurrences.ts";
import type { ScheduleSpec } from "../spec/pipeline_spec.ts";

/** One time that a schedule names, and when the run of it begins. */
export interface Start {
  /** What the cron expression says. */
  readonly tick: Date;
  /** The tick and its share of the jitter. */
  readonly at: Date;
}

/** The next starts after a moment, earliest first. */
export function startsAfter(
  pipeline: string,
  schedule: ScheduleSpec,
  moment: Date,
  count: number,
): Start[] {
  // A tick that has passed may start yet.
  return [...occurrencesUpTo(schedule, moment, 1), ...occurrencesAfter(schedule, moment, count)]
    .map((tick) => startOf(pipeline, schedule, tick))
    .filter(({ at }) => at > moment)
    .slice(0, count);
}

/** The newest start up to and including a moment, or null. */
export function lastStart(pipeline: string, schedule: ScheduleSpec, moment: Date): Start | null {
  // Jitter never reaches the next tick, so that of two passed ticks one has started.
  return occurrencesUpTo(schedule, moment, 2)
    .map((tick) => startOf(pipeline, schedule, tick))
    .find(({ at }) => at <= moment) ?? null;
}

/**
 * The start of a tick: every server finds the same one, since the share of the jitter comes from the
 * names and not from chance.
 */
function startOf(pipeline: string, schedule: ScheduleSpec, tick: Date): Start {
  if (schedule.jitterSeconds === 0) return { tick, at: tick };
  const [next] = occurrencesAfter(schedule, tick, 1);
  const gap = next === undefined ? Infinity : next.getTime() - tick.getTime();
  const jitter = Math.min(schedule.jitterSeconds * 1000, gap / 2);
  const at = tick.getTime() + Math.floor(share(`${pipeline} ${tick.getTime()}`) * jitter);
  return { tick, at: new Date(at) };
}

/** FNV-1a, spread over [0, 1): equal texts have equal shares, neighbours have nothing in common. */
function share(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  // Its high bits hardly move for the last characters.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
