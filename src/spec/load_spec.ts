import { recurrenceFault } from "../core/occurrences.ts";
import { compilePattern } from "../core/pattern/mod.ts";
import { type LoadInput, type LoadResult, loadWith } from "./load_with.ts";

/** Reads a pipeline file: the spec, or everything that is wrong with it. Never throws. */
export function loadSpec(file: string, input: LoadInput): LoadResult {
  return loadWith(file, input, { compilePattern, recurrenceFault });
}
