import { z } from "zod";

/** Marks texts that YAML may also take for a number or a boolean; see `plain_value.ts`. */
export const LOOSE = "x-loose";

/** Text that stays as it is written, `01` and `true` included. */
export function looseText() {
  return z.string().meta({ [LOOSE]: true });
}

/** A name that stands for something, so that it cannot be empty. */
export function name() {
  return z.string().min(1);
}

/** Seconds of a duration such as `30s`, `5m`, `2h` or `7d`; NaN where the text is none. */
export function durationSeconds(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text);
  if (match === null) return NaN;
  return Number(match[1]) * { s: 1, m: 60, h: 3600, d: 86_400 }[match[2] as "s" | "m" | "h" | "d"];
}
