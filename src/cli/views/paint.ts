/** What a color says; a view names the meaning and never the color. */
export type Style = "strong" | "faint" | "good" | "warn" | "bad" | "name";

/** Colors text, or returns it as it is. */
export type Paint = (style: Style, text: string) => string;

/** SGR codes: on and off. */
const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  strong: [1, 22],
  faint: [2, 22],
  good: [32, 39],
  warn: [33, 39],
  bad: [31, 39],
  name: [36, 39],
};

/** A painter for an output that shows colors, or one that leaves text alone. */
export function paintFor({ colors }: { readonly colors: boolean }): Paint {
  if (!colors) return (_style, text) => text;
  return (style, text) => {
    const [on, off] = CODES[style];
    return text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;
  };
}
