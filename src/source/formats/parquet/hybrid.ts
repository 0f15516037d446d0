/**
 * Reads numbers of `width` bits, which are runs of one number or packed; each is checked to be there.
 *
 * @param out gets the first `count` of them: one kind of array, which the loop is compiled for
 * @returns the largest of these; -1 where there is none
 * @throws Error where the bytes end before
 */
export function readHybrid(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  out: Int32Array,
  count: number,
): number {
  // What is read of four bytes, from any bit of the first on.
  if (width > 25) throw new Error(`numbers of ${width} bits`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    const most = unpack(view, at, width, out, seen, taken);
    if (most > largest) largest = most;
    seen += taken;
    at += packed * width / 8;
  }
  return largest;
}

/** Packed numbers, which are there; a function of its own, which is compiled for itself. */
function unpack(
  view: DataView,
  at: number,
  width: number,
  out: Int32Array,
  to: number,
  count: number,
): number {
  if (width === 0) {
    out.fill(0, to, to + count);
    return count > 0 ? 0 : -1;
  }
  const mask = (1 << width) - 1;
  // Four bytes at once, as long as there are four.
  const fours = Math.max(0, Math.floor((view.byteLength - 4 - at) * 8 / width));
  const whole = Math.min(count, fours);
  let largest = -1;
  let bit = 0;
  for (let i = 0; i < whole; i++, bit += width) {
    const value = view.getInt32(at + (bit >>> 3), true) >>> (bit & 7) & mask;
    if (value > largest) largest = value;
    out[to + i] = value;
  }
  for (let i = whole; i < count; i++, bit += width) {
    let four = 0;
    for (let from = at + (bit >>> 3), k = 0; k < 4 && from + k < view.byteLength; k++) {
      four |= view.getUint8(from + k) << k * 8;
    }
    const value = four >>> (bit & 7) & mask;
    if (value > largest) largest = value;
    out[to + i] = value;
  }
  return largest;
}

/** The same of numbers that a byte holds. */
export function readHybridBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  out: Uint8Array,
): number {
  const numbers = new Int32Array(out.length);
  const largest = readHybrid(bytes, start, end, width, numbers, out.length);
  out.set(numbers);
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
