import { CRON, TIME_ZONE } from "./editor_hints.ts";
import { durationSeconds, seconds } from "./text.ts";
import { z } from "../zod.ts";

/** A day, in seconds. */
const LONGEST = 86_400;

/** When a pipeline runs by itself under `serve`. */
export const scheduleSchema = z.strictObject({
  cron: z.string().describe(
    "Minute, hour, day of the month, month and weekday, such as `0 6 * * MON-FRI`; or `@daily`",
  ).meta({ words: ["cron"], editor: CRON }),
  timezone: z.string().default("UTC").describe("IANA time zone in which cron is read")
    .meta({ editor: TIME_ZONE }),
  retries: z.int().min(0).max(100).default(3)
    .describe("Further attempts after one that may succeed later (exit code 75)"),
  retry_delay: duration().prefault("1m")
    .describe("Wait before the first of them; doubled each time, at most an hour"),
  jitter: duration().prefault("0s")
    .describe("Each pipeline starts at its own moment within this time after the schedule"),
  catch_up: z.boolean().default(true)
    .describe("Whether a start missed while no server ran happens later, once"),
});

function duration() {
  return seconds(
    z.string().regex(/^\d{1,5}[smh]$/, 'Expected a duration such as "5m"')
      .refine(
        (text) => !(durationSeconds(text) > LONGEST),
        'Expected a duration such as "5m", at most 24h',
      ),
  );
}
