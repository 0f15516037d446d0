import type { ConstantColumn } from "../plan/load_plan.ts";
import type { Frame } from "./frame.ts";
import { encodeLiteral } from "./rules/literal.ts";
import { putInt32 } from "./types/ascii.ts";

/** The values that are the same in every row of a load. */
export function encodeConstants(constants: readonly ConstantColumn[]): Uint8Array[] {
  return constants.map(({ name, type, value }) => {
    if (value === null) return Uint8Array.of(255, 255, 255, 255);
    if (typeof value !== "string") throw new Error(`The fact of column ${name} is not filled in`);
    return encodeLiteral(name, type, {}, value);
  });
}

/** Encoded values as one. */
export function concatenate(values: readonly Uint8Array[]): Uint8Array {
  const tail = new Uint8Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const value of values) {
    tail.set(value, at);
    at += value.length;
  }
  return tail;
}

/** Appends an integer as a bigint. */
export function putBigint(frame: Frame, value: number): void {
  const at = frame.length;
  const high = Math.floor(value / 4294967296);
  putInt32(frame.bytes, at, 8);
  putInt32(frame.bytes, at + 4, high);
  putInt32(frame.bytes, at + 8, value - high * 4294967296);
  frame.length = at + 12;
}
