/** Code points, as inclusive ranges: ascending, apart from each other. */
export type Ranges = readonly (readonly [first: number, last: number])[];

const LAST = 0x10FFFF;
/** No text has them: fields are UTF-8. */
const SURROGATES: readonly [number, number] = [0xD800, 0xDFFF];

/** Makes one list of ranges in any order. */
export function union(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** All that are in none of the ranges. */
export function complement(ranges: Ranges): Ranges {
  const others: [number, number][] = [];
  let next = 0;
  for (const [first, last] of union(ranges)) {
    if (first > next) others.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) others.push([next, LAST]);
  return others;
}

/** Without surrogates. */
export function scalarValues(ranges: Ranges): Ranges {
  return complement([...complement(ranges), SURROGATES]);
}

let everything: string | null = null;

/** What a JavaScript expression for one character takes, asked of JavaScript itself: some 20 ms. */
export function takenBy(character: string, flags: string): Ranges {
  everything ??= allCharacters();
  const ranges: [number, number][] = [];
  for (const [text] of everything.matchAll(new RegExp(`(?:${character})+`, `${flags}gu`))) {
    // Neighbours in the text are neighbours by number, but for the gap of the surrogates.
    const first = text.codePointAt(0)!;
    const last = text.codePointAt(
      text.length - (text.charCodeAt(text.length - 1) >= 0xDC00 &&
          text.charCodeAt(text.length - 1) <= 0xDFFF
        ? 2
        : 1),
    )!;
    ranges.push([first, last]);
  }
  return union(ranges);
}

function allCharacters(): string {
  const parts: string[] = [];
  for (let start = 0; start <= LAST; start += 0x800) {
    if (start >= SURROGATES[0] && start <= SURROGATES[1]) continue;
    parts.push(String.fromCodePoint(...Array.from({ length: 0x800 }, (_, at) => start + at)));
  }
  return parts.join("");
}
