/** How fast something goes on, from what was counted lately. */
export interface Pace {
  /** Takes a count, which grows, or starts anew when work is repeated. */
  count(total: number): void;
  /** How many per second, lately; null where nothing is known yet. */
  perSecond(): number | null;
}

/** Milliseconds that count as lately: a stall shows within them, and a hiccup does not. */
const WINDOW = 10_000;

/** Milliseconds between the counts that are kept. */
const STEP = 250;

/** Milliseconds before there is a pace to speak of. */
const LEAST = 500;

/** Starts measuring; `monotonic` in milliseconds. */
export function openPace(monotonic: () => number): Pace {
  let kept = [{ at: monotonic(), total: 0 }];
  let latest = 0;
  return {
    count(total) {
      const at = monotonic();
      latest = total;
      // Work that is repeated was not done twice.
      if (total < kept[kept.length - 1].total) kept = kept.filter((each) => each.total <= total);
      if (kept.length === 0) kept.push({ at, total });
      if (at - kept[kept.length - 1].at >= STEP) kept.push({ at, total });
      forget(at);
    },
    perSecond() {
      const at = monotonic();
      forget(at);
      const [first] = kept;
      return at - first.at < LEAST ? null : 1000 * (latest - first.total) / (at - first.at);
    },
  };
  /** Keeps one count that is older than the window: what came since is measured from it. */
  function forget(now: number): void {
    while (kept.length > 1 && now - kept[1].at >= WINDOW) kept.shift();
  }
}
