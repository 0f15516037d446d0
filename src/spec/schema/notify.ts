import type { Given } from "./section.ts";
import { durationSeconds, name, seconds } from "./text.ts";
import { z } from "../zod.ts";

/** What a notification can be about. */
const ALERTS = ["failure", "refusal", "warning", "slow", "recovery", "success"] as const;

/**
 * One kind of notification: the run failed, was refused, had warnings, took too long, went well
 * after one that did not, or loaded something.
 */
export type Alert = typeof ALERTS[number];

/** One entry of `notify:` */
export const notifySchema = z.strictObject({
  on: z.array(z.enum(ALERTS)).min(1, "Name what it is about, such as failure")
    .describe("Events to report"),
  webhook: z.string().regex(
    /^(https?:\/\/.+|\$\{\w+\}.*)$/,
    'Expected an address such as "${SLACK_WEBHOOK_URL}" or https://…',
  ).exactOptional().describe("Address that gets the notice; may be a secret: `${NAME}`"),
  format: z.enum(["slack", "json"]).exactOptional()
    .describe("Shape of the webhook's body").meta({ leftOut: "json" }),
  command: z.array(name()).min(1, "Expected a program and its arguments").exactOptional()
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

/** One entry of `notify:`; it has a webhook, a command, or both. */
export type NotifySpec = Given<typeof notifySchema>;

/** `expect:` */
export const expectSchema = z.strictObject({
  duration: seconds(
    z.string().refine((text) => durationSeconds(text) > 0, 'Expected a duration such as "10m"'),
  ).describe("A longer run is `slow`"),
});
