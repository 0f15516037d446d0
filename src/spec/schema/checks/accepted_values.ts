import { LISTABLE } from "../../column_type.ts";
import { looseText } from "../text.ts";
import { BASE, column, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

/** `accepted_values:` a column has no values but these. */
export const acceptedValues = plainCheck(
  z.strictObject({
    ...BASE,
    column: column(),
    values: z.array(looseText()).min(1).describe("The only values")
      .meta({ words: ["value_set", "valid_values"] }),
  }).describe("The column has no other values; NULL passes").meta({
    words: ["invalid", "invalid_count", "one_of", "enum", "expect_column_values_to_be_in_set"],
  }),
  { types: LISTABLE },
);
