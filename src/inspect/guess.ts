import { Frame } from "../rows/frame.ts";
import { compileType } from "../rows/types/mod.ts";
import type { ColumnOptions, ColumnType } from "../spec/pipeline_spec.ts";

/** A value of a field, without the blanks around it. */
export interface Value {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** JSON has it as a number. */
  readonly isNumber: boolean;
}

/** What a field may be, until a value speaks against it. */
export interface Guess {
  /** What its values are, in the plural. */
  readonly what: string;
  /** Whether it takes a value as well, and says the same with it; asked of each value once. */
  takes(value: Value): boolean;
  /** @param isWhole every record of the file was seen */
  settle(isWhole: boolean): Settled | Unsure;
  /** What values are ordered by; null where they have no order. */
  rank(text: string): number | string | null;
}

/** A type with the options that read the values. */
export interface Settled {
  readonly type: string;
  readonly options: ColumnOptions;
}

/** The values would be read in more than one way: they stay text, and a person decides. */
export interface Unsure {
  readonly unsure: string;
}

/** Whether the encoder of a type takes a value. */
export function takenBy(type: ColumnType, options: ColumnOptions): (value: Value) => boolean {
  const encode = compileType(type, options);
  const frame = new Frame(1 << 10);
  return ({ bytes }) => {
    frame.length = 0;
    frame.reserve(bytes.length * 2 + 64);
    return encode(bytes, 0, bytes.length, frame) === null;
  };
}

/** What orders the texts of a date or time, by what the encoder makes of them; null for others. */
export function timeRank(
  type: ColumnType,
  options: ColumnOptions,
): (text: string) => number | null {
  const encode = compileType(type, options);
  const frame = new Frame(1 << 10);
  return (text) => {
    const bytes = new TextEncoder().encode(text);
    frame.length = 0;
    frame.reserve(bytes.length * 2 + 64);
    if (encode(bytes, 0, bytes.length, frame) !== null) return null;
    return frame.length === 8 ? frame.view.getInt32(4) : Number(frame.view.getBigInt64(4));
  };
}
