import { z } from "zod";
import type { CheckKind } from "../../checks_spec.ts";
import { looseName, looseText } from "../text.ts";

/** One kind of check: what stands behind its key, and what the spec makes of it. */
export interface CheckPlug {
  /** The whole of what the kind's key takes. */
  readonly schema: z.ZodType;
  /** The mapping among it, whose keys are listed in messages. */
  readonly options: z.ZodObject;
  build(input: unknown): CheckKind;
}

/** What every check takes besides the options of its kind. */
export const BASE = {
  name: looseName().optional()
    .describe("What it is called in the output and the ledger; its kind and columns when left out"),
  severity: z.enum(["error", "warn"]).default("error")
    .describe("error: a load that fails it is not published; warn: it is only reported").meta({
      words: ["level", "criticality", "blocking"],
      values: { fail: "error", critical: "error", warning: "warn" },
    }),
};

/** A check that takes a mapping of options and nothing else. */
export function checkPlug<Options extends z.ZodObject>(
  options: Options,
  build: (input: z.output<Options>) => CheckKind,
): CheckPlug {
  // `schema` has checked what comes here.
  return { schema: options, options, build: (input) => build(input as z.output<Options>) };
}

/** What other tools call the limits of a check. */
export const MIN_WORDS = ["min_value"];
export const MAX_WORDS = ["max_value", "threshold", "tolerance"];

/** What other tools call a list of columns. */
export const COLUMNS_WORDS = ["fields", "column_list", "combination_of_columns"];

/** A column of the target. */
export function column() {
  return looseName().describe("A column of the target").meta({ words: ["column_name", "field"] });
}

/** Percent as the file writes it, more than a hundred where a value may be exceeded. */
export function percentText() {
  return percent(/^\d{1,6}(\.\d{1,6})?\s*%$/);
}

/** Percent as the file writes it, as a number. */
export function percent(form: RegExp) {
  return looseText().regex(form, 'Expected a percentage such as "10%"')
    .transform((text) => Number(text.replace("%", "")));
}
