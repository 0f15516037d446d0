import { requireOne } from "./settings.ts";
import { limitSchema } from "../limit.ts";
import { BASE, plainCheck } from "./check_plug.ts";
import { z } from "../../zod.ts";

/** `row_diff:` how many rows differ from those of the live version. */
export const rowDiff = plainCheck(
  z.strictObject({
    ...BASE,
    added: limitSchema.optional().describe("Most rows whose key is new, rows or percent"),
    deleted: limitSchema.optional().describe("Most rows whose key is gone, rows or percent"),
    changed: limitSchema.optional()
      .describe("Most rows with a known key and other values, rows or percent"),
  }).describe(
    "At most so many rows, or percent of them, are new, gone or different beside the live version, " +
      "found by the `idempotency_key`",
  ).meta({
    words: ["diff", "data_diff", "reconciliation"],
  }),
  {
    settings: ({ added, deleted, changed }, report) =>
      requireOne("row_diff", { added, deleted, changed }, report),
  },
);
