import type { Clock } from "../../src/core/clock.ts";

/** Milliseconds of real time between two steps: whoever was woken may go to sleep again. */
const STEP = 2;

/**
 * A clock that stands still while somebody is at work: it steps from one sleeper's end to the next,
 * so that nothing is late on a machine that has much to do.
 */
export function steppedClock(start: Date): Clock {
  interface Sleeper {
    readonly until: number;
    readonly wake: () => void;
  }
  const sleepers = new Set<Sleeper>();
  let now = start.getTime();
  let timer: ReturnType<typeof setTimeout> | undefined;
  function wait(): void {
    clearTimeout(timer);
    if (sleepers.size > 0) timer = setTimeout(step, STEP);
  }
  function step(): void {
    const next = [...sleepers].reduce((a, b) => b.until < a.until ? b : a);
    now = Math.max(now, next.until);
    sleepers.delete(next);
    next.wake();
    wait();
  }
  return {
    now: () => new Date(now),
    monotonic: () => now,
    sleep(milliseconds, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => {
          sleepers.delete(sleeper);
          wait();
          reject(signal!.reason);
        };
        const sleeper: Sleeper = {
          until: now + milliseconds,
          wake() {
            signal?.removeEventListener("abort", abort);
            resolve();
          },
        };
        signal?.addEventListener("abort", abort, { once: true });
        sleepers.add(sleeper);
        wait();
      });
    },
  };
}
