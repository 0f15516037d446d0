import { looseName } from "../text.ts";
import { BASE, COLUMNS_WORDS, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

const columns = z.array(looseName()).min(1);

const plug = plainCheck(
  z.strictObject({
    ...BASE,
    columns: columns.describe("Columns that together identify a row").meta({
      words: COLUMNS_WORDS,
    }),
  }),
);

/** `unique:` no two rows have the same values; a list stands for `{ columns: … }`. */
export const unique: typeof plug = {
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
  types: /^(?!json$)/,
  build: (input) => plug.build(Array.isArray(input) ? { columns: input } : input),
};
