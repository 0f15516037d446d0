import { eachKey, keysAt } from "./keys.ts";
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
  for (const { path, later } of laterValues()) {
    const node = find(tree, path);
    if (node?.kind !== "scalar" || !later.test(node.text)) continue;
    report.value(path, "spec/not_available_yet", `"${node.text}" is not available yet`);
    found.push(path);
  }
  return found;
}

let values: readonly { readonly path: Path; readonly later: RegExp }[] | null = null;

/** The keys some of whose values wait; `type` of a format has those of the format itself. */
function laterValues() {
  if (values !== null) return values;
  const found: { path: Path; later: RegExp }[] = [];
  eachKey(({ meta: { later } }, path) => {
    if (later === undefined) return;
    found.push({ path, later });
    if (keysAt(path).includes("type")) found.push({ path: [...path, "type"], later });
  });
  return values = found;
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
