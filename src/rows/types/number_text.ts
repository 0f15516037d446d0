import type { ColumnOptions } from "../../spec/pipeline_spec.ts";
import { Frame } from "../frame.ts";
import { isSpace, skipSpace, trimEnd } from "./ascii.ts";
import type { Encode, Problem } from "./encoder.ts";

/**
 * Wraps a number encoder that knows only `-1234.5` for a column that writes `(1.234,5 €)`.
 *
 * Returns the encoder itself where the column has no such option.
 */
export function withSeparators(
  encode: Encode,
  options: ColumnOptions,
  malformed: Problem,
): Encode {
  return withSigns(separated(encode, options, malformed), options, malformed);
}

/** Takes off what a column may have around its numbers: `strip`, and other signs than `-5`. */
function withSigns(encode: Encode, options: ColumnOptions, malformed: Problem): Encode {
  const { strip, negative } = options;
  if (strip === undefined && negative === undefined) return encode;
  // The longest first: `US$` before `$`.
  const texts = (strip ?? []).map((text) => new TextEncoder().encode(text))
    .sort((a, b) => b.length - a.length);
  const used = new Uint8Array(texts.length);
  let scratch = new Uint8Array(64);

  return (bytes, start, end, frame) => {
    let i = start;
    let j = end;
    used.fill(0);
    let sign = 0;
    let isBare = false;
    // Each round takes one thing off one of the ends; a blank may follow all but a sign.
    while (i < j) {
      if (!isBare) {
        i = skipBlanks(bytes, i, j);
        j = blanksAtEnd(bytes, i, j);
        if (i === j) break;
      }
      const front = textAt(bytes, i, j, false);
      if (front > 0) {
        i += front;
        isBare = false;
        continue;
      }
      const back = textAt(bytes, i, j, true);
      if (back > 0) {
        j -= back;
        isBare = false;
        continue;
      }
      if (sign !== 0) break;
      const first = bytes[i]!;
      const last = bytes[j - 1]!;
      if (first === 45 || first === 43) {
        sign = first;
        i++;
        isBare = true;
      } else if (negative === "trailing" && (last === 45 || last === 43)) {
        sign = last;
        j--;
      } else if (negative === "parentheses" && first === 40 && last === 41) {
        sign = 45;
        i++;
        j--;
      } else break;
    }
    // A second sign, or a blank behind it.
    if (i >= j || bytes[i] === 45 || bytes[i] === 43 || isSpace(bytes[i]!)) return malformed;
    const length = j - i + 1;
    if (length > scratch.length) scratch = new Uint8Array(length * 2);
    scratch[0] = sign === 45 ? 45 : 43;
    scratch.set(bytes.subarray(i, j), 1);
    return encode(scratch, sign === 45 ? 0 : 1, length, frame);
  };

  /** Length of a text of `strip` at an end that was not there before; 0 where there is none. */
  function textAt(bytes: Uint8Array, start: number, end: number, atEnd: boolean): number {
    for (let t = 0; t < texts.length; t++) {
      const text = texts[t]!;
      if (used[t] === 1 || !startsWith(bytes, atEnd ? end - text.length : start, end, text)) {
        continue;
      }
      if (atEnd && end - text.length < start) continue;
      used[t] = 1;
      return text.length;
    }
    return 0;
  }
}

/** What reads the text writes nothing. */
const NO_FRAME = new Frame(0);

const NO_BREAK_SPACES = [Uint8Array.of(0xc2, 0xa0), Uint8Array.of(0xe2, 0x80, 0xaf)];

/** Past whitespace, and the blanks that typography has between a number and its unit. */
function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  for (;;) {
    start = skipSpace(bytes, start, end);
    const blank = NO_BREAK_SPACES.find((each) => startsWith(bytes, start, end, each));
    if (blank === undefined) return start;
    start += blank.length;
  }
}

function blanksAtEnd(bytes: Uint8Array, start: number, end: number): number {
  for (;;) {
    end = trimEnd(bytes, start, end);
    const blank = NO_BREAK_SPACES.find((each) =>
      end - start >= each.length && startsWith(bytes, end - each.length, end, each)
    );
    if (blank === undefined) return end;
    end -= blank.length;
  }
}

function separated(
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

/** A number as it is written without any option; null where it is not written as they say. */
export function plainNumber(options: ColumnOptions): (text: string) => string | null {
  let plain: string | null = null;
  const refused: Problem = { code: "", expected: "" };
  const encode = withSeparators(
    (bytes, start, end) => {
      plain = new TextDecoder().decode(bytes.subarray(start, end));
      return null;
    },
    options,
    refused,
  );
  return (text) => {
    plain = null;
    const bytes = new TextEncoder().encode(text);
    encode(bytes, 0, bytes.length, NO_FRAME);
    return plain;
  };
}
