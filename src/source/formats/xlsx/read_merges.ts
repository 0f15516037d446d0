import type { RandomInput } from "../../random_input.ts";
import { tooLarge } from "./faults.ts";
import { type Merge, mergeOf } from "./merges.ts";
import { partsOf } from "./parts.ts";

/** Bytes of what stands behind the rows of a sheet. */
const MOST_BYTES = 1 << 26;
const CARRY = 64;
const END = /\/(?:[\w.-]+:)?sheetData\s*>/;
const MERGE = /<(?:[\w.-]+:)?mergeCell\s[^>]*?\bref\s*=\s*["']([^"']*)["']/g;

/**
 * Reads which cells of a sheet are merged: that stands behind its rows.
 *
 * Bytes are passed without a look at the rows.
 */
export async function readMerges(file: RandomInput, part: string): Promise<Merge[]> {
  const decoder = new TextDecoder("latin1");
  let tail: string | null = null;
  let carry = "";
  for await (const { chunks } of partsOf(file, (name) => name.toLowerCase() === part)) {
    for await (const chunk of chunks) {
      const text = decoder.decode(chunk);
      if (tail !== null) tail += text;
      else {
        const found = END.exec(carry + text);
        if (found === null) carry = (carry + text).slice(-CARRY);
        else tail = (carry + text).slice(found.index + found[0].length);
      }
      if (tail !== null && tail.length > MOST_BYTES) {
        throw tooLarge(file.shown, `more than ${MOST_BYTES} bytes behind the rows of its sheet`);
      }
    }
  }
  return [...(tail ?? "").matchAll(MERGE)].flatMap(([, ref]) => mergeOf(ref) ?? []);
}
