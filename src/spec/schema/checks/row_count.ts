import { excludeOthers, limitsInOrder, requireOne } from "./settings.ts";
import { BASE, MAX_WORDS, MIN_WORDS, percentText, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

const rows = () => z.int().min(0);

/** `row_count:` how many rows a load has. */
export const rowCount = plainCheck(
  z.strictObject({
    ...BASE,
    min: rows().optional().describe("Fewest rows").meta({ words: MIN_WORDS }),
    max: rows().optional().describe("Most rows").meta({ words: MAX_WORDS }),
    equals: rows().optional().describe("Exactly so many rows"),
    change: percentText().optional().describe(
      "Percent that the count may differ from the live version's",
    ),
    window: z.int().min(1).max(1000).optional().describe(
      "Compare with the mean of so many loads before, instead of the live version",
    ),
  }).describe(
    "The load has so many rows; `change: 50%` compares with the live version, with `window: 7` " +
      "with the mean of the last 7 loads",
  ).meta({
    words: [
      "count",
      "volume",
      "expect_table_row_count_to_be_between",
      "expect_table_row_count_to_equal",
    ],
  }),
  {
    settings({ min, max, equals, change, window }, report) {
      requireOne("row_count", { min, max, equals, change }, report);
      excludeOthers("equals", { equals, min, max }, report);
      limitsInOrder(min, max, report);
      if (window === null || change !== null) return;
      report.key("window", "spec/contradiction", `"window" has no effect without "change"`);
    },
  },
);
