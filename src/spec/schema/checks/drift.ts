import { z } from "zod";
import { BASE, checkPlug, column, percentOf, percentText } from "./check_plug.ts";

/** `drift:` the mean or the sum of a column stays near that of the live version. */
export const drift = checkPlug(
  z.strictObject({
    ...BASE,
    column: column(),
    of: z.enum(["mean", "sum"]).default("mean").describe("What is compared"),
    max: percentText().describe("Percent that it may differ from the live version's"),
  }).describe("How far a column's mean or sum may be from the live version's"),
  ({ column, of, max }) => ({ kind: "drift", column, of, max: percentOf(max) }),
);
