import type { Screen } from "./screen.ts";

/** Characters of a run's id that tell it from others, nearly always; commands take as few. */
const SHORT = 8;

/** The beginning of a run's id; with `--verbose` the whole. */
export function shortId(id: string, { verbose }: Pick<Screen, "verbose">): string {
  return verbose ? id : id.slice(0, SHORT);
}

/** The same for ids that are shown together: as many characters as tell them apart. */
export function shortIds(
  ids: Iterable<string>,
  { verbose }: Pick<Screen, "verbose">,
): (id: string) => string {
  const all = [...new Set(ids)];
  let length = SHORT;
  const longest = Math.max(0, ...all.map((id) => id.length));
  while (length < longest && new Set(all.map((id) => id.slice(0, length))).size < all.length) {
    length++;
  }
  return (id) => verbose ? id : id.slice(0, length);
}
