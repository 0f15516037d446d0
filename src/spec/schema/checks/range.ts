import { ORDERED } from "../../column_type.ts";
import { requireOne } from "./settings.ts";
import { looseText } from "../text.ts";
import { BASE, column, MAX_WORDS, MIN_WORDS, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

/** `range:` all values of a column lie between limits. */
export const range = plainCheck(
  z.strictObject({
    ...BASE,
    column: column(),
    min: looseText().optional().describe("Smallest value, inclusive; may be {month:start}")
      .meta({ words: MIN_WORDS }),
    max: looseText().optional().describe("Largest value, inclusive; may be {month:end}")
      .meta({ words: MAX_WORDS }),
  }).describe("Every value lies between the limits, both inclusive; NULL passes").meta({
    words: ["accepted_range", "between", "expect_column_values_to_be_between"],
  }),
  {
    types: ORDERED,
    settings: ({ min, max }, report) => requireOne("range", { min, max }, report),
  },
);
