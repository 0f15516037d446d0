/** UTF-16 with its order of bytes: that of its mark, else that of the zeros in it. */
export function orderOf(head: Uint8Array, encoding: string): string {
  if (encoding !== "utf-16") return encoding;
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  let balance = 0;
  for (let at = 0; at < Math.min(head.length, 4096); at++) {
    if (head[at] === 0) balance += at % 2 === 0 ? 1 : -1;
  }
  return balance > 0 ? "utf-16be" : "utf-16le";
}
