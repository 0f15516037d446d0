/**
 * Exponential backoff with full jitter: a random wait between nothing and the doubled base.
 *
 * Full jitter spreads clients that failed together best (AWS Architecture Blog, "Exponential
 * Backoff And Jitter").
 *
 * @param attempt counts from 1
 * @param random a number in [0, 1)
 * @returns milliseconds
 */
export function backoff(
  attempt: number,
  random: number,
  { base = 500, cap = 30_000 }: { base?: number; cap?: number } = {},
): number {
  return Math.round(random * Math.min(cap, base * 2 ** (attempt - 1)));
}
