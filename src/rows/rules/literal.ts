import { SluiceError } from "../../core/error.ts";
import type { ColumnOptions, ColumnType } from "../../spec/pipeline_spec.ts";
import { Frame } from "../frame.ts";
import { compileType } from "../types/mod.ts";

/**
 * Encodes a text of the pipeline file, int32 length first.
 *
 * It is read as Postgres would read it; only what that refuses is read by the column's own options.
 */
export function encodeLiteral(
  what: string,
  type: ColumnType,
  options: ColumnOptions,
  text: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  const frame = new Frame(bytes.length * 2 + 64);
  const { timezone } = options;
  const plain = compileType(type, timezone === undefined ? {} : { timezone });
  let problem = plain(bytes, 0, bytes.length, frame);
  if (problem !== null) problem = compileType(type, options)(bytes, 0, bytes.length, frame);
  if (problem !== null) {
    throw new SluiceError(
      "rows/invalid_value",
      `${what}: ${JSON.stringify(text)} is not ${problem.expected}`,
      { hint: "Change the value in the pipeline file, or the column's type" },
    );
  }
  return frame.bytes.slice(0, frame.length);
}

/** The type that a limit is read as: a limit is not rounded to the column's scale. */
export function unrounded(type: ColumnType): ColumnType {
  return type.name === "numeric" ? { name: "numeric", precision: null, scale: null } : type;
}
