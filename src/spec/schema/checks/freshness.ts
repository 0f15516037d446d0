import { TIME_ZONE } from "../editor_hints.ts";
import { zoneFault } from "../../zone_fault.ts";
import { looseName, seconds } from "../text.ts";
import { BASE, column, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

/** `freshness:` the newest value of a column is not old. */
export const freshness = plainCheck(
  z.strictObject({
    ...BASE,
    column: column(),
    max_age: seconds(
      z.string().regex(/^[1-9]\d{0,5}[smhd]$/, 'Expected an age such as "36h" or "2d"'),
    ).describe("Greatest age of the newest value: 90m, 36h, 2d")
      .meta({ words: ["warn_after", "error_after"] }),
    timezone: looseName().exactOptional()
      .describe("IANA zone of a date or timestamp, which has none of its own")
      .meta({ leftOut: "UTC", editor: TIME_ZONE, types: /^(date|timestamp)$/, words: ["tz"] }),
  }).describe(
    "The newest value of a date or timestamp column is at most so old: `90m`, `36h`, `2d`; " +
      "`timezone` is the zone of values that have none, UTC when left out",
  ).meta({
    words: ["recency"],
  }),
  {
    types: /^(date|timestamp|timestamptz)$/,
    settings({ timezone }, report) {
      const fault = timezone === undefined ? null : zoneFault(timezone);
      if (fault !== null) report.value("timezone", ...fault);
    },
  },
);
