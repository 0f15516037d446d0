import type { Clock } from "../../src/core/clock.ts";
import { systemClock } from "../../src/core/clock.ts";

/**
 * A clock whose time passes many times as fast as it really does; processes that are given the same
 * numbers read the same time.
 *
 * @param began reading of the real clock, epoch milliseconds, when this one said `start`
 */
export function fastClock(start: Date, began: number, speed: number): Clock {
  const now = () => start.getTime() + (systemClock.now().getTime() - began) * speed;
  return {
    now: () => new Date(now()),
    monotonic: () => now(),
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / speed, signal),
  };
}
