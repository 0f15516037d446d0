import { z } from "zod";
import { BASE, checkPlug, column, percentOf } from "./check_plug.ts";
import { looseText } from "../text.ts";

/** `null_rate:` how many of a column's values are NULL. */
export const nullRate = checkPlug(
  z.strictObject({
    ...BASE,
    column: column(),
    max: looseText()
      .regex(/^(100(\.0+)?|\d{1,2}(\.\d{1,6})?)\s*%$/, 'Expected a percentage such as "10%"')
      .describe("Most of the rows in which it is NULL, percent"),
  }).describe("How many of a column's values are NULL"),
  ({ column, max }) => ({ kind: "null_rate", column, max: percentOf(max) }),
);
