import { TIME_ZONE } from "./editor_hints.ts";
import { looseText } from "./text.ts";
import { z } from "../zod.ts";

/** `partitions:` */
export const partitionsSchema = z.strictObject({
  by: z.enum(["year", "quarter", "month", "week", "day", "hour", "list"])
    .describe("What one partition holds").meta({
      words: ["granularity", "interval"],
      values: {
        yearly: "year",
        quarterly: "quarter",
        monthly: "month",
        weekly: "week",
        daily: "day",
        hourly: "hour",
      },
    }),
  from: looseText().optional()
    .describe("First partition: a value such as `2021-01`, `current`, or `current-2`")
    .meta({ rows: false, words: ["start", "start_date"] }),
  to: looseText().optional()
    .describe("Last partition, inclusive: a value such as `2021-03`, `current`, or `current-2`")
    .meta({ rows: false, words: ["end", "end_date"] }),
  values: z.array(looseText()).optional().describe("The partitions, for `by: list`").meta({
    rows: false,
  }),
  timezone: looseText().min(1).exactOptional()
    .describe(
      "IANA zone in which days, months and `current` begin and end; for a timestamptz column",
    )
    .meta({
      leftOut: "UTC",
      editor: TIME_ZONE,
      docs: "IANA zone in which days, months and `current` [begin and end](#periods)",
    }),
  concurrency: z.int().min(1).max(64).default(1).describe("Partitions loaded at once").meta({
    rows: false,
  }),
  publish: z.enum(["each", "together"]).default("each")
    .describe("Each partition when it is ready, or all that load in one transaction, or none").meta(
      { rows: false },
    ),
  missing: z.enum(["pending", "fail"]).default("fail")
    .describe("What a source that does not exist means: not published yet, or a failure")
    .meta({ rows: false, values: { skip: "pending", error: "fail" } }),
}).describe("How the table is split into loads; left out, the whole table is one load");
