import { z } from "zod";
import { ALERTS, FORMATS } from "../notify_spec.ts";
import { durationSeconds, name } from "./text.ts";

/** One entry of `notify:` */
export const notifySchema = z.strictObject({
  on: z.array(z.enum(ALERTS)).min(1, "Name what it is about, such as failure")
    .describe("Events to report"),
  webhook: z.string().regex(
    /^(https?:\/\/.+|\$\{\w+\}.*)$/,
    'Expected an address such as "${SLACK_WEBHOOK_URL}" or https://…',
  ).optional().describe("Address that gets the notice; may be a secret: `${NAME}`"),
  format: z.enum(FORMATS).optional()
    .describe("Shape of the webhook's body; `json` when left out"),
  command: z.array(name()).min(1, "Expected a program and its arguments").optional()
    .describe("Program and arguments that get the notice as JSON on standard input")
    .meta({
      docs:
        "Program and arguments that get the notice as JSON on standard input; the operator must " +
        "[allow the program](observability.md#notifications)",
    }),
}).refine(
  ({ webhook, command }) => webhook !== undefined || command !== undefined,
  "Give a webhook, a command, or both",
).refine(
  ({ webhook, format }) => webhook !== undefined || format === undefined,
  '"format" is that of a webhook, and there is none: give one, or leave it out',
);

export type NotifyInput = z.output<typeof notifySchema>;

/** `expect:` */
export const expectSchema = z.strictObject({
  duration: z.string()
    .refine((text) => durationSeconds(text) > 0, 'Expected a duration such as "10m"')
    .describe("A longer run is `slow`"),
});
