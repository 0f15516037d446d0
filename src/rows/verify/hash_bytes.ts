/** The halves of the hash that `hashBytes` made last: a pair would cost an object for each value. */
export const hashed = { low: 0, high: 0 };

/**
 * The 64-bit hash that Postgres makes of a bytea with seed 0, left in `hashed`.
 *
 * It is Bob Jenkins' lookup3 as Postgres uses it on little-endian machines; a test compares the two.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number): void {
  let rest = end - start;
  let at = start;
  let a = (0x9e3779b9 + 3923095 + rest) | 0;
  let b = a;
  let c = a;
  // Hot loop: every value that is verified passes here; 32-bit integers throughout.
  for (; rest >= 12; rest -= 12, at += 12) {
    a = (a + word(bytes, at)) | 0;
    b = (b + word(bytes, at + 4)) | 0;
    c = (c + word(bytes, at + 8)) | 0;
    a = (a - c) ^ (c << 4 | c >>> 28);
    c = (c + b) | 0;
    b = (b - a) ^ (a << 6 | a >>> 26);
    a = (a + c) | 0;
    c = (c - b) ^ (b << 8 | b >>> 24);
    b = (b + a) | 0;
    a = (a - c) ^ (c << 16 | c >>> 16);
    c = (c + b) | 0;
    b = (b - a) ^ (a << 19 | a >>> 13);
    a = (a + c) | 0;
    c = (c - b) ^ (b << 4 | b >>> 28);
    b = (b + a) | 0;
  }
  if (rest >= 8) {
    a = (a + word(bytes, at)) | 0;
    b = (b + word(bytes, at + 4)) | 0;
    // The lowest byte of c belongs to the length.
    for (let i = 8; i < rest; i++) c = (c + (bytes[at + i]! << 8 * (i - 7))) | 0;
  } else if (rest >= 4) {
    a = (a + word(bytes, at)) | 0;
    for (let i = 4; i < rest; i++) b = (b + (bytes[at + i]! << 8 * (i - 4))) | 0;
  } else {
    for (let i = 0; i < rest; i++) a = (a + (bytes[at + i]! << 8 * i)) | 0;
  }
  c = ((c ^ b) - (b << 14 | b >>> 18)) | 0;
  a = ((a ^ c) - (c << 11 | c >>> 21)) | 0;
  b = ((b ^ a) - (a << 25 | a >>> 7)) | 0;
  c = ((c ^ b) - (b << 16 | b >>> 16)) | 0;
  a = ((a ^ c) - (c << 4 | c >>> 28)) | 0;
  b = ((b ^ a) - (a << 14 | a >>> 18)) | 0;
  c = ((c ^ b) - (b << 24 | b >>> 8)) | 0;
  hashed.low = c >>> 0;
  hashed.high = b >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
}
