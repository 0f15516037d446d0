import type { recurrenceFault } from "../core/occurrences.ts";
import type { compilePattern } from "../core/pattern/mod.ts";

/** What reads values that few files have, with packages that take a while to load. */
export interface Readers {
  readonly compilePattern: typeof compilePattern;
  readonly recurrenceFault: typeof recurrenceFault;
}

/** A file has a value whose reader is not loaded. */
export class NotLoaded extends Error {}

/** For files without such values. */
export const NONE_LOADED: Readers = { compilePattern: refuse, recurrenceFault: refuse };

function refuse(): never {
  throw new NotLoaded("The reader of this value is not loaded");
}
