import { z } from "zod";
import { durationSeconds } from "../text.ts";
import { BASE, checkPlug, column } from "./check_plug.ts";

/** `freshness:` the newest value of a column is not old. */
export const freshness = checkPlug(
  z.strictObject({
    ...BASE,
    column: column(),
    max_age: z.string().regex(/^[1-9]\d{0,5}[smhd]$/, 'Expected an age such as "36h" or "2d"')
      .transform(durationSeconds).describe("Greatest age of the newest value: 90m, 36h, 2d")
      .meta({ words: ["warn_after", "error_after"] }),
  }).describe(
    "The newest value of a date or timestamp column is at most so old: `90m`, `36h`, `2d`",
  ).meta({
    words: ["recency"],
  }),
  ({ column, max_age }) => ({ column, maxAgeSeconds: max_age }),
  { types: /^(date|timestamp|timestamptz)$/ },
);
