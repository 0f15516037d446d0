import type { ColumnOptions, ColumnType } from "../../spec/pipeline_spec.ts";
import type { Frame } from "../frame.ts";

/** Why a field is not a value of its type; allocated once per column, never per field. */
export interface Problem {
  /** Stable snake_case word, explained in `docs/rejects.md`. */
  readonly code: string;
  /** Ends the sentence `"abc" is not …`. */
  readonly expected: string;
}

/**
 * Writes one value at `frame.length`, its int32 length first, and moves on.
 *
 * Leaves `frame.length` unchanged on a problem. The caller has reserved twice the record's bytes
 * plus 32 for each column; an encoder that may write more calls `frame.reserve`.
 */
export type Encode = (
  bytes: Uint8Array,
  start: number,
  end: number,
  frame: Frame,
) => Problem | null;

/** How the values of a Postgres type are read from text. */
export interface TypeEncoder {
  readonly name: ColumnType["name"];
  /** Settles everything that does not depend on the field. */
  compile(type: ColumnType, options: ColumnOptions): Encode;
}
