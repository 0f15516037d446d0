import { below, isText, type Place, ROOT } from "./keys.ts";
import type { Tree } from "./yaml_tree.ts";

/** The tree as plain values, for the schema; texts where text is expected. */
export function plainValue(tree: Tree, place: Place = ROOT): unknown {
  if (tree.kind === "list") {
    return tree.items.map((item, at) => plainValue(item, below(place, at)));
  }
  if (tree.kind === "map") {
    const entries = tree.entries.map(({ key, value }) =>
      [key, plainValue(value, below(place, key))] as const
    );
    return Object.fromEntries(entries);
  }
  if (tree.value === null || typeof tree.value === "string") return tree.value;
  return isText(place) ? tree.text : tree.value;
}
