import type { SpecCode } from "../../codes.ts";
import { type SectionSpec, sectionSpec } from "../section.ts";
import { looseName, looseText } from "../text.ts";
import { z } from "../../zod.ts";

/** One kind of check: what stands behind its key, and what the spec makes of it. */
export interface CheckPlug<Built = unknown> extends CheckRules<Built> {
  /** The whole of what the kind's key takes. */
  readonly schema: z.ZodType;
  /** The mapping among it, whose keys are listed in messages. */
  readonly options: z.ZodObject;
  build(input: unknown): Built;
}

/** What a kind of check asks of its columns and options. */
export interface CheckRules<Built> {
  /** Names of the types whose columns it can look at; left out: all. */
  readonly types?: RegExp;
  /** Reports what no single option shows; `given` are those that the file has. */
  readonly settings?: (built: Built, report: CheckReport, given: readonly string[]) => void;
}

/** Tells what is wrong with an option of a check, or with the check itself (null). */
export interface CheckReport {
  key(option: string | null, code: SpecCode, message: string, hint?: string): void;
  value(option: string, code: SpecCode, message: string, hint?: string): void;
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
export function checkPlug<Options extends z.ZodObject, Built>(
  options: Options,
  build: (input: z.output<Options>) => Built,
  rules: CheckRules<Built> = {},
): CheckPlug<Built> {
  // `schema` has checked what comes here.
  return {
    schema: options,
    options,
    build: (input) => build(input as z.output<Options>),
    ...rules,
  };
}

/** A check whose options the spec has as they are. */
export function plainCheck<Options extends z.ZodObject>(
  options: Options,
  rules: CheckRules<Own<Options>> = {},
): CheckPlug<Own<Options>> {
  return checkPlug(options, (input): Own<Options> => {
    const { name: _, severity: __, ...own } = sectionSpec<z.ZodObject>(options, input);
    return own as Own<Options>;
  }, rules);
}

type Own<Options extends z.ZodObject> = Omit<SectionSpec<Options>, "name" | "severity">;

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
