/** JSON in its everyday spelling: without `\u` and without exponents, not too deep. */

const MOST_DEPTH: i32 = 64;
const MOST_DIGITS: usize = 1000;

/** Whether valid UTF-8 is one such value; up to 15 bytes behind it are looked at. */
export function isPlainJson(start: usize, end: usize): bool {
  const after = skipValue(skipBlank(start, end), end, 0);
  return after != 0 && skipBlank(after, end) == end;
}

function skipBlank(at: usize, end: usize): usize {
  for (; at < end; at++) {
    const byte: u32 = load<u8>(at);
    if (byte > 32 || byte != 32 && byte != 10 && byte != 13 && byte != 9) break;
  }
  return at;
}

/** Where the value ends that begins here; 0 where it is left. */
function skipValue(at: usize, end: usize, depth: i32): usize {
  if (at >= end || depth > MOST_DEPTH) return 0;
  const byte: u32 = load<u8>(at);
  if (byte == 34) return skipString(at + 1, end);
  if (byte == 123 || byte == 91) return skipMembers(at + 1, end, depth, byte == 123);
  if (byte == 45 || byte - 48 < 10) return skipNumber(at, end);
  if (byte == 116 && end - at >= 4 && load<u32>(at) == 0x65757274) return at + 4;
  if (byte == 110 && end - at >= 4 && load<u32>(at) == 0x6c6c756e) return at + 4;
  if (byte == 102 && end - at >= 5 && load<u32>(at + 1) == 0x65736c61) return at + 5;
  return 0;
}

function skipMembers(at: usize, end: usize, depth: i32, isObject: bool): usize {
  const close: u32 = isObject ? 125 : 93;
  at = skipBlank(at, end);
  if (at < end && <u32> load<u8>(at) == close) return at + 1;
  while (at < end) {
    if (isObject) {
      if (load<u8>(at) != 34) return 0;
      at = skipString(at + 1, end);
      if (at == 0) return 0;
      at = skipBlank(at, end);
      if (at >= end || load<u8>(at) != 58) return 0;
      at = skipBlank(at + 1, end);
    }
    at = skipValue(at, end, depth + 1);
    if (at == 0) return 0;
    at = skipBlank(at, end);
    if (at >= end) return 0;
    const byte: u32 = load<u8>(at);
    if (byte == close) return at + 1;
    if (byte != 44) return 0;
    at = skipBlank(at + 1, end);
  }
  return 0;
}

function skipString(at: usize, end: usize): usize {
  while (at < end) {
    // Sixteen at once: a quote, a backslash, and what must not stand there.
    const data = v128.load(at);
    const stops = i8x16.bitmask(v128.or(
      v128.or(i8x16.eq(data, i8x16.splat(34)), i8x16.eq(data, i8x16.splat(92))),
      i8x16.lt_u(data, i8x16.splat(32)),
    ));
    if (stops == 0) {
      at += 16;
      continue;
    }
    at += ctz(stops);
    if (at >= end) return 0;
    const byte: u32 = load<u8>(at);
    if (byte == 34) return at + 1;
    if (byte < 32 || at + 1 >= end) return 0;
    const kind: u32 = load<u8>(at + 1);
    // " \ / b f n r t
    if (
      kind != 34 && kind != 92 && kind != 47 && kind != 98 && kind != 102 && kind != 110 &&
      kind != 114 && kind != 116
    ) return 0;
    at += 2;
  }
  return 0;
}

/** `-?`, digits without a zero before them, and a point with digits behind it or none. */
function skipNumber(start: usize, end: usize): usize {
  let at = start;
  if (load<u8>(at) == 45) at++;
  const first = at;
  at = skipDigits(at, end);
  if (at == first || load<u8>(first) == 48 && at - first > 1) return 0;
  if (at < end && load<u8>(at) == 46) {
    const point = ++at;
    at = skipDigits(at, end);
    if (at == point) return 0;
  }
  if (at < end && (load<u8>(at) | 32) == 101) return 0;
  return at - start > MOST_DIGITS ? 0 : at;
}

function skipDigits(at: usize, end: usize): usize {
  while (at < end && <u32> load<u8>(at) - 48 < 10) at++;
  return at;
}
