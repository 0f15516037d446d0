import { NUMBERS } from "../../column_type.ts";
import { BASE, column, MAX_WORDS, percentText, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

/** `drift:` the mean or the sum of a column stays near that of the live version. */
export const drift = plainCheck(
  z.strictObject({
    ...BASE,
    column: column(),
    of: z.enum(["mean", "sum"]).default("mean").describe("What is compared")
      .meta({ values: { avg: "mean", average: "mean" } }),
    max: percentText().describe("Percent that it may differ from the live version's")
      .meta({ words: MAX_WORDS }),
  }).describe(
    "The `mean` (or `sum`) of the column differs by at most `max` percent from the live version's",
  ).meta({
    words: [
      "anomaly_detection",
      "expect_column_mean_to_be_between",
      "expect_column_sum_to_be_between",
    ],
  }),
  { types: NUMBERS },
);
