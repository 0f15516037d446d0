import { below, keysOf, type Place, ROOT } from "./keys.ts";
import type { Report } from "./report.ts";
import { nodeAt, type Path, type Tree } from "./yaml_tree.ts";

/** Top-level keys that wait for what they ask for; without its line here a key is available. */
export const NOT_YET: readonly string[] = [];

/** Reports what a later version will know; returns the paths that it said so of. */
export function reportNotAvailable(tree: Tree, report: Report): Path[] {
  const found: Path[] = [];
  for (const { key } of tree.kind === "map" ? tree.entries : []) {
    if (!NOT_YET.includes(key)) continue;
    report.key([key], "spec/not_available_yet", `"${key}" is not available yet`, "Leave it out");
    found.push([key]);
  }
  for (const { path, later } of laterValues(tree)) {
    const node = find(tree, path);
    if (node?.kind !== "scalar" || !later.test(node.text)) continue;
    report.value(path, "spec/not_available_yet", `"${node.text}" is not available yet`);
    found.push(path);
  }
  return found;
}

/**
 * The keys of the file some of whose values wait; `type` of a format has those of the format itself.
 * What the file does not have is not looked through.
 */
function laterValues(tree: Tree) {
  const found: { path: Path; later: RegExp }[] = [];
  const seen = (place: Place, path: readonly string[]) => {
    const node = find(tree, path);
    if (node?.kind !== "map") return;
    const there = new Set(node.entries.map(({ key }) => key));
    for (const { name, meta: { later } } of keysOf(place)) {
      if (!there.has(name)) continue;
      const at = [...path, name];
      const inside = below(place, name);
      if (later !== undefined) {
        found.push({ path: at, later });
        if (keysOf(inside).some((key) => key.name === "type")) {
          found.push({ path: [...at, "type"], later });
        }
      }
      seen(inside, at);
    }
  };
  seen(ROOT, []);
  return found;
}

function find(tree: Tree, path: Path): Tree | null {
  const node = nodeAt(tree, path);
  if (path.length === 0) return node;
  // `nodeAt` stops above what does not exist.
  const parent = nodeAt(tree, path.slice(0, -1));
  if (parent.kind !== "map") return null;
  return parent.entries.some(({ key, value }) => key === path.at(-1) && value === node)
    ? node
    : null;
}
