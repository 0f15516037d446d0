import { z } from "zod";
import { looseText } from "../text.ts";
import { BASE, checkPlug, column } from "./check_plug.ts";

/** `range:` all values of a column lie between limits. */
export const range = checkPlug(
  z.strictObject({
    ...BASE,
    column: column(),
    min: looseText().optional().describe("Smallest value, inclusive; may be {month:start}"),
    max: looseText().optional().describe("Largest value, inclusive; may be {month:end}"),
  }).describe("Limits of a column's values; NULL passes"),
  ({ column, min, max }) => ({ kind: "range", column, min: min ?? null, max: max ?? null }),
);
