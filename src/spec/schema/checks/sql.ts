import { z } from "zod";
import { name } from "../text.ts";
import { BASE, checkPlug } from "./check_plug.ts";

/** `sql:` a query returns the number that it should. */
export const sql = checkPlug(
  z.strictObject({
    name: name().describe("What it is called in the output and the ledger"),
    severity: BASE.severity,
    query: name().describe(
      "Returns one number; {staging} is the load, {target} the table as it is, {month:start} and " +
        "the like are parameters",
    ),
    expect: z.number().optional().describe("What it returns"),
    min: z.number().optional().describe("The least it returns"),
    max: z.number().optional().describe("The most it returns"),
  }).describe("A query that returns one number"),
  ({ query, expect, min, max }) => ({
    kind: "sql",
    query,
    expect: expect ?? null,
    min: min ?? null,
    max: max ?? null,
  }),
);
