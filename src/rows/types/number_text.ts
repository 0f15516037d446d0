import type { ColumnOptions } from "../../spec/pipeline_spec.ts";
import type { Encode, Problem } from "./encoder.ts";

/**
 * Wraps a number encoder that knows only `1234.5` for a column that writes `1.234,5`.
 *
 * Returns the encoder itself where the column has neither option.
 */
export function withSeparators(
  encode: Encode,
  options: ColumnOptions,
  malformed: Problem,
): Encode {
  const decimal = (options.decimal ?? ".").charCodeAt(0);
  const thousands = options.thousands ? new TextEncoder().encode(options.thousands) : null;
  if (decimal === 46 && thousands === null) return encode;
  let scratch = new Uint8Array(64);
  return (bytes, start, end, frame) => {
    if (end - start > scratch.length) scratch = new Uint8Array((end - start) * 2);
    let length = 0;
    let group = -1;
    let leading = 0;
    let grouped = false;
    let whole = true;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (thousands !== null && startsWith(bytes, i, end, thousands)) {
        // A separator elsewhere than before each three digits is a typing error, not a number.
        if (!whole || leading === 0 || leading > 3 || (grouped && group !== 3)) return malformed;
        grouped = true;
        group = 0;
        i += thousands.length - 1;
        continue;
      }
      if (byte >= 48 && byte <= 57) {
        if (whole) {
          if (grouped) group++;
          else leading++;
        }
      } else if (byte === decimal) {
        whole = false;
        if (grouped && group !== 3) return malformed;
        scratch[length++] = 46;
        continue;
      } else {
        if (byte === 46) return malformed;
        if (grouped && whole) {
          if (group !== 3) return malformed;
        }
        if (leading > 0) whole = false;
      }
      scratch[length++] = byte;
    }
    if (grouped && group !== 3) return malformed;
    return encode(scratch, 0, length, frame);
  };
}

function startsWith(bytes: Uint8Array, at: number, end: number, text: Uint8Array): boolean {
  if (end - at < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}
