import { SluiceError } from "../../core/error.ts";
import { growing, retry } from "../../core/retry.ts";
import { isTransient, type RetryOptions } from "../with_retry.ts";

/** How long a server that does not take us in is waited for, in milliseconds. */
export type Patience = (error: SluiceError) => number;

/** Enough for a restart, and for a failover that is done by a watchdog. */
const LONG = 60_000;

/** A server that is known to be there, and full, starting or failing over. */
const COMES_BY_ITSELF: ReadonlySet<string> = new Set([
  "db/server_starting",
  "db/server_shutdown",
  "db/too_many_connections",
  "db/read_only",
]);

/** Nobody answers: a server just about to start, or a mistake that is to be told soon. */
const PERHAPS_SOON: ReadonlySet<string> = new Set([
  "db/refused",
  "db/hung_up",
  "db/connection_lost",
]);

/** Before the first connection, an error that may be a mistake in the address is reported soon. */
export const atFirst: Patience = ({ code }) =>
  COMES_BY_ITSELF.has(code) ? LONG / 2 : PERHAPS_SOON.has(code) ? 3_000 : 0;

/** Once it was reached, the address is right. */
export const fromThenOn: Patience = (error) => isTransient(error) ? LONG : 0;

/** What all who wait for one server know of it: the time is counted once for all of them. */
export interface Absence {
  /** Reading of the monotonic clock when it was first missed; null while it is there. */
  since: number | null;
}

/** Opens something of a server, again and again while the patience lasts. */
export async function openPatiently<T>(
  open: () => Promise<T>,
  patience: Patience,
  absence: Absence,
  { clock, random, signal }: Pick<RetryOptions, "clock" | "random" | "signal">,
): Promise<T> {
  const opened = await retry(open, {
    clock,
    signal,
    attempts: Infinity,
    delay: growing(() => 0.5 + random() / 2, { base: 100, cap: 2_000 }),
    again(error, delay) {
      if (!(error instanceof SluiceError)) return false;
      const now = clock.monotonic();
      absence.since ??= now;
      return now - absence.since + delay <= patience(error);
    },
  });
  absence.since = null;
  return opened;
}
