import { z } from "../zod.ts";

/** Text that stays as it is written, `01` and `true` included. */
export function looseText() {
  return z.string().meta({ text: true });
}

/** A name that may be written as a number, such as that of a column. */
export function looseName() {
  return looseText().min(1);
}

/** What other tools call the texts that are NULL. */
export const NULL_WORDS = ["null_if", "null_string", "na_values"];

/** A name that stands for something, so that it cannot be empty. */
export function name() {
  return z.string().min(1);
}

declare const SECONDS: unique symbol;

/** A duration, as schemas give it to the spec. */
export type Seconds = number & { readonly [SECONDS]: true };

/** A duration of the file, in seconds: `30s`, `5m`; `schema` says which texts are one. */
export function seconds(schema: z.ZodType<string | number, string | number>) {
  return schema.transform((value) =>
    (typeof value === "number" ? value : durationSeconds(value)) as Seconds
  ).meta({ seconds: true });
}

/** Seconds of a duration such as `30s`, `5m`, `2h` or `7d`; NaN where the text is none. */
export function durationSeconds(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text);
  if (match === null) return NaN;
  return Number(match[1]) * { s: 1, m: 60, h: 3600, d: 86_400 }[match[2] as "s" | "m" | "h" | "d"];
}
