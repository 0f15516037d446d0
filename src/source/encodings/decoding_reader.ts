import type { RecordBatch } from "../../rows/record_batch.ts";
import type { ReaderFacts, RecordReader } from "../formats/format.ts";
import { orderOf } from "./byte_order.ts";
import { oneByteDecoder } from "./one_byte.ts";

/** UTF-8 that stands for what is no character of the encoding. */
const REPLACEMENT = [0xef, 0xbf, 0xbd];

/** UTF-8 takes at most so many bytes for each byte of another encoding. */
const MOST_WIDENED = 3;

/**
 * Reads a file of another encoding: it is decoded before its records are looked for, so that places
 * and raw records are those of the decoded text.
 *
 * What is no character of the encoding is no UTF-8 either: the field that has it is a reject.
 */
export class DecodingReader implements RecordReader {
  readonly #inner: RecordReader;
  readonly #encoding: string;
  #decode: ((bytes: Uint8Array, isLast: boolean) => Uint8Array) | null = null;
  /** The bytes that tell the order of bytes. */
  #head = new Uint8Array(0);

  readonly about: ReaderFacts;

  readonly #isAnnounced: boolean;

  /** @param isAnnounced by a server only: a text that is UTF-8 is read as such */
  constructor(inner: RecordReader, encoding: string, isAnnounced = false) {
    this.#isAnnounced = isAnnounced;
    this.#inner = inner;
    this.about = { ...inner.about, widens: MOST_WIDENED };
    this.#encoding = encoding;
  }

  get header(): readonly string[] | null {
    return this.#inner.header;
  }

  push(chunk: Uint8Array): RecordBatch | null {
    if (this.#decode !== null) return this.#named(this.#inner.push(this.#decode(chunk, false)));
    const head = new Uint8Array(this.#head.length + chunk.length);
    head.set(this.#head);
    head.set(chunk, this.#head.length);
    this.#head = head;
    // Enough of a text to see where its zeros are.
    return this.#encoding === "utf-16" && head.length < 4 ? null : this.#start();
  }

  finish(): RecordBatch | null {
    const rest = this.#decode === null
      ? this.#decoded(this.#head, true)
      : this.#decode(new Uint8Array(0), true);
    // Of so little no record is left behind the one that it may complete.
    const batch = rest.length === 0 ? null : this.#inner.push(rest);
    return this.#named(batch ?? this.#inner.finish());
  }

  #start(): RecordBatch | null {
    return this.#named(this.#inner.push(this.#decoded(this.#head, false)));
  }

  #decoded(head: Uint8Array, isLast: boolean): Uint8Array {
    const decode = decoderOf(orderOf(head, this.#encoding));
    this.#decode ??= this.#isAnnounced ? unlessUtf8(decode) : decode;
    return this.#decode(head, isLast);
  }

  #named(batch: RecordBatch | null): RecordBatch | null {
    if (batch !== null) batch.encoding = this.#encoding;
    return batch;
  }
}

function decoderOf(encoding: string): (bytes: Uint8Array, isLast: boolean) => Uint8Array {
  const encoder = new TextEncoder();
  const decoder = encoding === "ascii" || encoding === "iso-8859-1"
    ? null
    : new TextDecoder(encoding);
  const table = oneByteDecoder(encoding);
  return (bytes, isLast) => {
    if (decoder === null) {
      const out = new Uint8Array(bytes.length * MOST_WIDENED);
      return out.subarray(0, table(bytes, 0, bytes.length, out));
    }
    const text = decoder.decode(bytes, { stream: !isLast });
    const out = encoder.encode(text);
    if (text.includes("\ufffd")) spoil(out);
    return out;
  };
}

const ESCAPE = 0x1b;

/** Decodes a text, unless the first part of it that is not ASCII is UTF-8. */
function unlessUtf8(
  decode: (bytes: Uint8Array, isLast: boolean) => Uint8Array,
): (bytes: Uint8Array, isLast: boolean) => Uint8Array {
  let isUtf8: boolean | null = null;
  return (bytes, isLast) => {
    if (isUtf8 === null && bytes.some((byte) => byte > 127 || byte === ESCAPE)) {
      isUtf8 = beginsAsUtf8(bytes);
    }
    return isUtf8 === false ? decode(bytes, isLast) : bytes;
  };
}

/** Whether bytes are UTF-8, whose last character may be cut. */
function beginsAsUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return !bytes.includes(ESCAPE);
  } catch {
    return false;
  }
}

function spoil(utf8: Uint8Array): void {
  for (let at = utf8.indexOf(REPLACEMENT[0]); at >= 0; at = utf8.indexOf(REPLACEMENT[0], at + 1)) {
    if (REPLACEMENT.every((byte, k) => utf8[at + k] === byte)) utf8.fill(0xff, at, at + 3);
  }
}
