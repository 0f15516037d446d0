import { excludeOthers, limitsInOrder, requireOne } from "./settings.ts";
import { looseName } from "../text.ts";
import { BASE, MAX_WORDS, MIN_WORDS, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

/** `sql:` a query returns the number that it should. */
export const sql = plainCheck(
  z.strictObject({
    name: looseName().describe("What it is called in the output and the ledger"),
    severity: BASE.severity,
    query: looseName().describe(
      "Returns one number; {staging} is the load, {target} the table as it is, {month:start} and " +
        "the like are parameters",
    ).meta({ words: ["statement", "sql"] }),
    expect: z.number().optional().describe("What it returns").meta({
      words: ["value", "expected"],
    }),
    min: z.number().optional().describe("The least it returns").meta({ words: MIN_WORDS }),
    max: z.number().optional().describe("The most it returns").meta({ words: MAX_WORDS }),
  }).describe(
    "The query returns one number, and it is as expected. `{staging}` is the load, `{target}` the " +
      "table as it is; such a check needs a `name`",
  ).meta({
    words: ["custom_sql", "query", "failed_rows", "user_defined"],
  }),
  {
    settings({ expect, min, max }, report) {
      requireOne("sql", { expect, min, max }, report);
      excludeOthers("expect", { expect, min, max }, report);
      limitsInOrder(min, max, report);
    },
  },
);
