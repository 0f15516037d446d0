import { BASE, column, MAX_WORDS, percent, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

/** `null_rate:` how many of a column's values are NULL. */
export const nullRate = plainCheck(
  z.strictObject({
    ...BASE,
    column: column(),
    max: percent(/^(100(\.0+)?|\d{1,2}(\.\d{1,6})?)\s*%$/)
      .describe("Most of the rows in which it is NULL, percent").meta({ words: MAX_WORDS }),
  }).describe("At most `max` percent of the rows have NULL in the column").meta({
    words: [
      "not_null",
      "nulls",
      "missing",
      "missing_count",
      "missing_percent",
      "not_null_proportion",
      "completeness",
      "expect_column_values_to_not_be_null",
    ],
  }),
);
