import { isOneByte } from "../../../core/encodings.ts";
import { SluiceError } from "../../../core/error.ts";
import { BARE, CODED, ESCAPED } from "../../../core/field_flags.ts";
import type { RecordBatch, Unescape } from "../../../rows/record_batch.ts";
import { isUtf8, isWide, oneByteDecoder, utf8OrDecoder } from "../../encodings/one_byte.ts";

/** How the fields of a file are read whose characters are one byte each; null: they are UTF-8. */
export function codingOf(declared: string, announced: string | undefined): Coding | null {
  if (declared === "utf-8") {
    return announced === undefined || !isOneByte(announced)
      ? null
      : new Coding(announced, utf8OrDecoder(announced), false);
  }
  return isOneByte(declared) ? new Coding(declared, oneByteDecoder(declared), true) : null;
}

/** The bytes of such a file stay as they are: what is not ASCII is decoded field by field. */
export class Coding {
  /** Nothing has shown yet whether the declaration is true. */
  #isOpen: boolean;

  /** @param isDeclared in the pipeline, so that UTF-8 is a mistake */
  constructor(readonly encoding: string, readonly decode: Unescape, isDeclared: boolean) {
    this.#isOpen = isDeclared;
  }

  /** A text as UTF-8. */
  decoded(bytes: Uint8Array): Uint8Array {
    const out = new Uint8Array(bytes.length * 3);
    return out.subarray(0, this.decode(bytes, 0, bytes.length, out));
  }

  /** Marks the fields that are to be decoded. */
  mark(batch: RecordBatch): void {
    const { bytes, width, starts, ends, flags, recordStarts, recordEnds } = batch;
    batch.decode = this.decode;
    batch.encoding = this.encoding;
    let first = -1;
    let isAllUtf8 = this.#isOpen;
    for (let r = 0; r < batch.count; r++) {
      if (!isWide(bytes, recordStarts[r], recordEnds[r])) continue;
      if (first < 0) first = r;
      isAllUtf8 &&= isUtf8(bytes.subarray(recordStarts[r], recordEnds[r]));
      for (let o = r * width; o < (r + 1) * width; o++) {
        if (!isWide(bytes, starts[o], ends[o])) continue;
        flags[o] |= CODED | (flags[o] & ESCAPED ? 0 : BARE | ESCAPED);
      }
    }
    if (first < 0) return;
    if (isAllUtf8) this.#refuse(batch.lines[first]);
    this.#isOpen = false;
  }

  /** @throws SluiceError `source/wrong_encoding` where a header is UTF-8 in place of it */
  requireOwn(bytes: Uint8Array, line: number): void {
    if (!this.#isOpen || !isWide(bytes, 0, bytes.length)) return;
    if (isUtf8(bytes)) this.#refuse(line);
    this.#isOpen = false;
  }

  #refuse(line: number): never {
    throw new SluiceError(
      "source/wrong_encoding",
      `The text is UTF-8, as line ${line} shows: expected ${this.encoding}`,
      {
        details: { line },
        hint: "Leave out `encoding` under `source.format`, or correct it",
      },
    );
  }
}
