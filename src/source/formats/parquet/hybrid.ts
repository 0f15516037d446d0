/**
 * Reads numbers of `width` bits, which are runs of one number or packed; each is checked to be there.
 *
 * @param out gets the first `count` of them
 * @returns the largest of these; -1 where there is none
 * @throws Error where the bytes end before
 */
export function readHybrid(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  out: Uint8Array | Int32Array,
  count: number,
): number {
  // What is read of four bytes, from any bit of the first on.
  if (width > 25) throw new Error(`numbers of ${width} bits`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mask = (1 << width) - 1;
  let at = start;
  let seen = 0;
  let largest = -1;
  while (seen < count) {
    let header = 0;
    for (let shift = 0;; shift += 7) {
      if (at >= end || shift > 28) throw new Error("a run of numbers is cut");
      const byte = bytes[at++];
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (header % 2 === 0) {
      let value = 0;
      for (let i = 0; i < width; i += 8) {
        if (at >= end) throw new Error("a run of numbers is cut");
        value |= bytes[at++] << i;
      }
      const last = Math.min(seen + header / 2, count);
      out.fill(value, seen, last);
      if (last > seen && value > largest) largest = value;
      seen = last;
      continue;
    }
    const packed = (header - 1) / 2 * 8;
    const taken = Math.min(packed, count - seen);
    const last = at + Math.ceil(taken * width / 8);
    if (last > end) throw new Error("packed numbers are cut");
    // Four bytes at once, as long as there are four.
    const whole = Math.max(0, Math.min(taken, Math.floor((bytes.length - 4 - at) * 8 / width)));
    let bit = 0;
    let i = 0;
    for (; i < whole; i++, bit += width) {
      const value = view.getInt32(at + (bit >>> 3), true) >>> (bit & 7) & mask;
      if (value > largest) largest = value;
      out[seen++] = value;
    }
    for (; i < taken; i++, bit += width) {
      const from = at + (bit >>> 3);
      const four = bytes[from] | bytes[from + 1] << 8 | bytes[from + 2] << 16 |
        bytes[from + 3] << 24;
      const value = four >>> (bit & 7) & mask;
      if (value > largest) largest = value;
      out[seen++] = value;
    }
    at += packed * width / 8;
  }
  return largest;
}

/** The one number that all `count` of them are, where they are one run; null where they are not. */
export function onlyNumber(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  count: number,
): number | null {
  let header = 0;
  let at = start;
  for (let shift = 0;; shift += 7) {
    if (at >= end || shift > 28) return null;
    const byte = bytes[at++];
    header += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (header % 2 !== 0 || header / 2 < count || at + Math.ceil(width / 8) > end) return null;
  let value = 0;
  for (let i = 0; i < width; i += 8) value |= bytes[at++] << i;
  return value;
}
