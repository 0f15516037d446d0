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
