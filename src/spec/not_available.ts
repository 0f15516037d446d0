import type { Report } from "./report.ts";
import { nodeAt, type Path, type Tree } from "./yaml_tree.ts";

/** Top-level keys that wait for what they ask for; without its line here a key is available. */
export const NOT_YET: readonly string[] = [
  "hooks",
];

/** Values that a later version will know. */
const VALUES: readonly (readonly [path: string, values: RegExp])[] = [
  ["source.compression", /^(br|brotli|lz4|snappy)$/],
  ["source.format", /^(json|parquet|excel|xlsx|avro|xml|fixed)$/],
  ["source.format.type", /^(json|parquet|excel|xlsx|avro|xml|fixed)$/],
  [
    "source.format.encoding",
    /^(windows-12\d\d|iso-8859-\d+|latin-?1|utf-?16(le|be)?|cp\d+|ascii)$/i,
  ],
];

/** Reports what a later version will know; returns the paths that it said so of. */
export function reportNotAvailable(tree: Tree, report: Report): Path[] {
  const found: Path[] = [];
  for (const { key } of tree.kind === "map" ? tree.entries : []) {
    if (!NOT_YET.includes(key)) continue;
    report.key([key], "spec/not_available_yet", `"${key}" is not available yet`, "Leave it out");
    found.push([key]);
  }
  for (const [at, values] of VALUES) {
    const path = at.split(".");
    const node = find(tree, path);
    if (node?.kind !== "scalar" || !values.test(node.text)) continue;
    report.value(path, "spec/not_available_yet", `"${node.text}" is not available yet`);
    found.push(path);
  }
  const url = find(tree, ["source", "url"]);
  if (url?.kind === "list") {
    report.value(["source", "url"], "spec/not_available_yet", "Several URLs are not available yet");
    found.push(["source", "url"]);
  }
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
