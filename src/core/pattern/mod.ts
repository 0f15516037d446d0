import { RegExpParser } from "@eslint-community/regexpp";
import { RE2JS, RE2JSException } from "re2js";
import { PatternError } from "./pattern_error.ts";
import { toRe2, Unsupported } from "./to_re2.ts";

/** A compiled `pattern:` of a pipeline file. */
export interface Pattern {
  /** Whether it is found somewhere in a text, in time proportional to its length. */
  test(utf8: Uint8Array): boolean;
}

/** Steps of a compiled pattern: each costs some 10 ns for each character in the worst case. */
const LARGEST_PROGRAM = 2_500;

/**
 * Compiles a JavaScript regular expression, read with the flag `u`, for an engine that does not
 * backtrack: `^(a+)+$` on 45 characters would keep JavaScript's own busy for hours, and all else in
 * the process waiting.
 *
 * @throws PatternError
 */
export function compilePattern(source: string): Pattern {
  try {
    new RegExp(source, "u");
  } catch (error) {
    const why = error instanceof Error ? error.message.split(": ").at(-1)! : String(error);
    throw new PatternError(why, true);
  }
  let compiled: RE2JS;
  try {
    const pattern = new RegExpParser({ ecmaVersion: 2025 })
      .parsePattern(source, 0, source.length, { unicode: true });
    compiled = RE2JS.compile(toRe2(pattern));
  } catch (error) {
    if (error instanceof Unsupported) {
      throw new PatternError(`${error.reason}: ${error.part}`, false);
    }
    if (error instanceof RangeError) throw new PatternError("it is nested too deeply", false);
    if (!(error instanceof RE2JSException)) throw error;
    // Groups in groups that repeat more than a thousand times in all.
    throw new PatternError("it is too large", false);
  }
  if (compiled.programSize() > LARGEST_PROGRAM) throw new PatternError("it is too large", false);
  return { test: (utf8) => compiled.test(utf8) };
}
