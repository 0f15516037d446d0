/** Bytes that are looked at. */
const MOST_BYTES = 4096;

/**
 * UTF-16 with its order of bytes: that of its mark, else the one in which there are line ends, or
 * more of ASCII. Read in the other order a line end is U+0A00, which is no character; zeros alone do
 * not tell, since many others than ASCII have one.
 */
export function orderOf(head: Uint8Array, encoding: string): string {
  if (encoding !== "utf-16") return encoding;
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  let lines = 0;
  let ascii = 0;
  for (let at = 0; at + 1 < Math.min(head.length, MOST_BYTES); at += 2) {
    const [first, second] = [head[at], head[at + 1]];
    if (first === 0 && second < 0x80) ascii++;
    if (second === 0 && first < 0x80) ascii--;
    if (first === 0 && second === 10) lines++;
    if (second === 0 && first === 10) lines--;
  }
  return lines > 0 || lines === 0 && ascii > 0 ? "utf-16be" : "utf-16le";
}
