import { z } from "zod";
import { looseName } from "../text.ts";
import { BASE, type CheckPlug, checkPlug, COLUMNS_WORDS } from "./check_plug.ts";

const columns = z.array(looseName()).min(1);

const plug = checkPlug(
  z.strictObject({
    ...BASE,
    columns: columns.describe("Columns that together identify a row").meta({
      words: COLUMNS_WORDS,
    }),
  }),
  ({ columns }) => ({ kind: "unique", columns }),
);

/** `unique:` no two rows have the same values; a list stands for `{ columns: … }`. */
export const unique: CheckPlug = {
  schema: z.union([columns, plug.options])
    .describe(
      "No two rows have the same values in the columns; NULL differs from NULL. `unique: [a, b]` " +
        "is short for it",
    )
    .meta({
      words: [
        "duplicate",
        "duplicates",
        "duplicate_count",
        "duplicate_percent",
        "uniqueness",
        "unique_combination_of_columns",
        "expect_column_values_to_be_unique",
        "expect_compound_columns_to_be_unique",
      ],
    }),
  options: plug.options,
  build: (input) => plug.build(Array.isArray(input) ? { columns: input } : input),
};
