/** Texts, words and UUIDs. */

/** Characters that {@link copyText} copied. */
export let codePoints: i32 = 0;

/** Copies UTF-8 without NUL to `out`, up to 15 bytes too many; false where it is anything else. */
export function copyText(start: usize, end: usize, out: usize): bool {
  const nothing = i8x16.splat(0);
  let i = start;
  for (; i < end; i += 16, out += 16) {
    const data = v128.load(i);
    // A byte that is zero, or has its high bit.
    const odd = i8x16.bitmask(v128.or(data, i8x16.eq(data, nothing)));
    v128.store(out, data);
    if (odd == 0) continue;
    const left = end - i;
    if (left < 16 && (odd & ((1 << <i32> left) - 1)) == 0) continue;
    return copyWide(start, i, end, out);
  }
  codePoints = <i32> (end - start);
  return true;
}

/** Goes on from `at`, up to which all is ASCII, as RFC 3629 has it. */
function copyWide(start: usize, at: usize, end: usize, out: usize): bool {
  for (let i = at; i < end; i += 16, out += 16) v128.store(out, v128.load(i));
  let count = <i32> (at - start);
  for (let i = at; i < end; count++) {
    const byte: u32 = load<u8>(i);
    if (byte < 0x80) {
      if (byte == 0) return false;
      i++;
      continue;
    }
    const length: usize = byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
    if (length == 0 || i + length > end) return false;
    const second: u32 = load<u8>(i + 1);
    if ((second & 0xc0) != 0x80) return false;
    if (byte == 0xe0 && second < 0xa0 || byte == 0xed && second > 0x9f) return false;
    if (byte == 0xf0 && second < 0x90 || byte == 0xf4 && second > 0x8f) return false;
    if (length > 2 && (load<u8>(i + 2) & 0xc0) != 0x80) return false;
    if (length > 3 && (load<u8>(i + 3) & 0xc0) != 0x80) return false;
    i += length;
  }
  codePoints = count;
  return true;
}

/**
 * Copies a text without its doubled quotes, up to 15 bytes too many and without looking at it; returns
 * where it ends.
 */
export function copyUndoubled(start: usize, end: usize, out: usize, quote: u32): usize {
  const eachQuote = i8x16.splat(<i8> quote);
  let i = start;
  while (i < end) {
    const data = v128.load(i);
    v128.store(out, data);
    const quotes = i8x16.bitmask(i8x16.eq(data, eachQuote));
    // Up to the first quote and with it, if there is one.
    const length: usize = quotes == 0 ? 16 : ctz(quotes) + 1;
    i += length;
    out += length;
    if (quotes != 0 && i < end && load<u8>(i) == quote) i++;
  }
  return i > end ? out - (i - end) : out;
}

/** Index of a text in a list of (length, address); -1 where it is none of them. */
export function indexOf(start: usize, end: usize, list: usize, count: i32): i32 {
  const length = <i32> (end - start);
  for (let t = 0; t < count; t++) {
    const entry = list + (<usize> t << 3);
    if (load<i32>(entry) != length) continue;
    const text: usize = load<u32>(entry + 4);
    let i = 0;
    while (i < length && load<u8>(text + i) == load<u8>(start + i)) i++;
    if (i == length) return t;
  }
  return -1;
}

/** `t`, `true`, `f`, `false`, `1`, `0` and others in lower case: 1 or 0, -1 where it is none. */
export function readBoolean(start: usize, end: usize): i32 {
  const length = end - start;
  const first: u32 = load<u8>(start);
  if (length == 1) {
    if (first == 49 || first == 116 || first == 121) return 1;
    return first == 48 || first == 102 || first == 110 ? 0 : -1;
  }
  if (length == 4 && load<u32>(start) == 0x65757274) return 1;
  if (length == 5 && first == 102 && load<u32>(start + 1) == 0x65736c61) return 0;
  return -1;
}

/** Values of hexadecimal digits, 255 for other bytes. */
const HEX: usize = memory.data(256);

export function makeHex(): void {
  memory.fill(HEX, 255, 256);
  for (let d: u8 = 0; d < 10; d++) store<u8>(HEX + 48 + <usize> d, d);
  for (let d: u8 = 0; d < 6; d++) {
    store<u8>(HEX + 65 + <usize> d, d + 10);
    store<u8>(HEX + 97 + <usize> d, d + 10);
  }
}

/** 32 digits, with hyphens at the usual places or without; writes 16 bytes. */
export function readUuid(start: usize, end: usize, out: usize): bool {
  const length = end - start;
  const hyphens = length == 36;
  if (!hyphens && length != 32) return false;
  if (
    hyphens &&
    (load<u8>(start + 8) != 45 || load<u8>(start + 13) != 45 || load<u8>(start + 18) != 45 ||
      load<u8>(start + 23) != 45)
  ) return false;
  let i = start;
  let bad: u32 = 0;
  for (let b = 0; b < 16; b++) {
    if (hyphens && (b == 4 || b == 6 || b == 8 || b == 10)) i++;
    const high: u32 = load<u8>(HEX + <usize> load<u8>(i));
    const low: u32 = load<u8>(HEX + <usize> load<u8>(i + 1));
    bad |= high | low;
    store<u8>(out + b, <u8> (high << 4 | low));
    i += 2;
  }
  return bad < 16;
}
