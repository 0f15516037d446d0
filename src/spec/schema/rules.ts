import { limitSchema } from "./limit.ts";
import { looseText } from "./text.ts";
import { z } from "../zod.ts";

const condition = looseText().min(1, "There is no condition");

/** One rule with its options. */
const ruleSchema = z.strictObject({
  check: condition.describe("SQL condition over the columns; a row for which it is NULL passes"),
  on_fail: z.enum(["reject", "warn", "fail"]).default("reject").describe(
    "What a failing row does: it is rejected, counted, or refuses the load",
  ).meta({ values: { error: "fail", warning: "warn" } }),
  limit: limitSchema.optional().describe("Rejects of this rule alone, rows or percent")
    .meta({ rows: false }),
});

/** `rules:` */
export const rulesSchema = z.record(z.string(), z.union([condition, ruleSchema]))
  .describe("What every row must meet: `name: condition`, or `name: { check, … }`")
  .meta({ rows: true });

export type RuleInput = z.output<typeof rulesSchema>[string];
