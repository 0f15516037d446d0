import { Frame } from "../../src/rows/frame.ts";
import { compileType } from "../../src/rows/types/mod.ts";
import { parseColumnType } from "../../src/spec/column_type.ts";
import type { ColumnOptions } from "../../src/spec/pipeline_spec.ts";

/** What became of a field: the hex of its binary value, or the code of its problem. */
export type Outcome = string;

/** Encodes a field that stands between other bytes, as it does in a file. */
export function encodeText(
  type: string,
  field: string | Uint8Array,
  options: ColumnOptions = {},
): Outcome {
  const parsed = parseColumnType(type);
  if (!("name" in parsed)) throw new Error(`"${type}" is no type`);
  const encode = compileType(parsed, options);
  const bytes = typeof field === "string" ? new TextEncoder().encode(field) : field;
  const around = Uint8Array.from([55, ...bytes, 55]);
  const frame = new Frame(bytes.length * 2 + 32);
  const problem = encode(around, 1, around.length - 1, frame);
  if (problem !== null) {
    if (frame.length !== 0) throw new Error(`A refusal of "${field}" moved the frame`);
    return problem.code;
  }
  if (frame.view.getInt32(0) !== frame.length - 4) throw new Error(`Wrong length of "${field}"`);
  return frame.bytes.slice(4, frame.length).toHex();
}

/** The value of a date or timestamp type, as ISO text in UTC. */
export function readAs(type: string, field: string, options: ColumnOptions = {}): string {
  const hex = encodeText(type, field, options);
  if (!/^[0-9a-f]+$/.test(hex)) return hex;
  const value = BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`));
  const millis = type === "date" ? Number(value) * 86_400_000 : Number(value) / 1000;
  const iso = new Date(Date.UTC(type === "time" ? 1970 : 2000, 0, 1) + millis).toISOString();
  return type === "date"
    ? iso.slice(0, 10)
    : type === "time"
    ? iso.slice(11, 23)
    : iso.slice(0, 23);
}
