import { formatCount } from "../../core/format_text.ts";
import type { Screen } from "./screen.ts";

/** Rows of a table that is shown whole, as those of three years of months are. */
const WHOLE = 40;

/** Rows of one that is not: they fit a screen with what stands around them. */
const SHOWN = 20;

/** Part of many. */
export interface Shortened<T> {
  /** In their order. */
  readonly shown: readonly T[];
  readonly left: readonly T[];
}

/**
 * Keeps what people look at first where there is more than a screen holds; `--verbose` keeps all.
 *
 * @param rank the smaller, the sooner it is shown; among equals the first ones are
 */
export function shorten<T>(
  items: readonly T[],
  { verbose }: Pick<Screen, "verbose">,
  rank: (item: T) => number = () => 0,
): Shortened<T> {
  if (verbose || items.length <= WHOLE) return { shown: items, left: [] };
  const order = items.map((item, at) => ({ item, at, rank: rank(item) }))
    .sort((a, b) => a.rank - b.rank || a.at - b.at);
  const inOrder = (part: typeof order) => part.sort((a, b) => a.at - b.at).map(({ item }) => item);
  return { shown: inOrder(order.slice(0, SHOWN)), left: inOrder(order.slice(SHOWN)) };
}

/**
 * `and 9,960 more (9,950 unchanged, 10 pending): -v shows all`; empty where nothing is left out.
 *
 * @param kindOf what those that are left out are counted by
 */
export function leftText<T>(
  { left }: Pick<Shortened<T>, "left">,
  { paint }: Pick<Screen, "paint">,
  kindOf?: (item: T) => string,
): string {
  if (left.length === 0) return "";
  const kinds = kindOf === undefined
    ? []
    : [...Map.groupBy(left, kindOf)].map(([kind, { length }]) => `${formatCount(length)} ${kind}`);
  const of = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
  return `${paint("faint", `and ${formatCount(left.length)} more${of}: -v shows all`)}\n`;
}
