/** Bytes that texts are written to the end of. */
export class TextWriter {
  length = 0;

  constructor(public bytes: Uint8Array<ArrayBufferLike>) {}

  /** Makes room for so many more bytes, and keeps those there. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + more, this.bytes.length * 2, 1 << 12));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Writes ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  copy(from: Uint8Array, start = 0, end = from.length): void {
    const count = end - start;
    this.reserve(count);
    const { bytes, length } = this;
    // A few bytes are not worth a call of `set`.
    if (count > 32) bytes.set(from.subarray(start, end), length);
    else for (let i = 0; i < count; i++) bytes[length + i] = from[start + i];
    this.length = length + count;
  }

  /** An integer below 2^53, with zeros in front where it is shorter than `width`. */
  digits(value: number, width = 1): void {
    this.reserve(20);
    if (value < 0) {
      this.bytes[this.length++] = 45;
      value = -value;
    }
    let count = 1;
    for (let limit = 10; value >= limit; limit *= 10) count++;
    if (count < width) count = width;
    let at = this.length + count;
    this.length = at;
    while (value > 0x7fffffff) {
      const rest = Math.floor(value / 10);
      this.bytes[--at] = 48 + value - rest * 10;
      value = rest;
    }
    let small = value | 0;
    const first = this.length - count;
    while (at > first) {
      const rest = (small / 10) | 0;
      this.bytes[--at] = 48 + small - rest * 10;
      small = rest;
    }
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }
}

const HEX = new TextEncoder().encode("0123456789abcdef");
const QUOTE = 34;
const BACKSLASH = 92;

/** Writes bytes as hex digits. */
export function putHex(out: TextWriter, from: Uint8Array): void {
  out.reserve(from.length * 2);
  for (const byte of from) {
    out.bytes[out.length++] = HEX[byte >> 4];
    out.bytes[out.length++] = HEX[byte & 15];
  }
}

/** Writes the bytes of a text as a JSON string; those that are no UTF-8 stay what they are. */
export function putJsonString(out: TextWriter, from: Uint8Array): void {
  out.reserve(from.length * 6 + 2);
  const { bytes } = out;
  let at = out.length;
  bytes[at++] = QUOTE;
  for (const byte of from) {
    if (byte === QUOTE || byte === BACKSLASH) {
      bytes[at++] = BACKSLASH;
      bytes[at++] = byte;
    } else if (byte >= 32) bytes[at++] = byte;
    else {
      const hex = [BACKSLASH, 0x75, 48, 48, HEX[byte >> 4], HEX[byte & 15]];
      for (const each of hex) bytes[at++] = each;
    }
  }
  bytes[at++] = QUOTE;
  out.length = at;
}
