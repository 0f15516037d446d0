import { z } from "zod";
import { looseText } from "../text.ts";
import { BASE, checkPlug, column } from "./check_plug.ts";

/** `accepted_values:` a column has no values but these. */
export const acceptedValues = checkPlug(
  z.strictObject({
    ...BASE,
    column: column(),
    values: z.array(looseText()).min(1).describe("The only values")
      .meta({ words: ["value_set", "valid_values"] }),
  }).describe("The column has no other values; NULL passes").meta({
    words: ["invalid", "invalid_count", "one_of", "enum", "expect_column_values_to_be_in_set"],
  }),
  ({ column, values }) => ({ kind: "accepted_values", column, values }),
);
