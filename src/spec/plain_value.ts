import type { Path, Tree } from "./yaml_tree.ts";

/** Scalars that stay as they are written: `01` is not 1, and `2021-10` no sum. */
const TEXTS: readonly RegExp[] = [
  /^partitions\.(from|to|values\.\d+)$/,
  /^columns\.[^.]*\.(min|max|default|((one_of|null_values|true_values|false_values)\.\d+))$/,
  /^columns\.[^.]*\.(format|pattern|from(\.\d+)?|thousands|decimal)$/,
  /^source\.(url|format\.(null_values\.\d+|delimiter|quote|escape|comment)|headers\.[^.]*)$/,
  /^environments\.[^.]*\.vars\.[^.]*$/,
  /^rejects\.limit$/,
  /^rules\.[^.]*(\.(check|limit))?$/,
  /^checks\.\d+\.range\.(min|max)$/,
  /^checks\.\d+\.accepted_values\.values\.\d+$/,
  /^checks\.\d+\.(row_diff\.(added|deleted|changed)|null_rate\.max|drift\.max|row_count\.change)$/,
  /^checks\.\d+\.[^.]*\.(column|name|columns\.\d+|query)$/,
  /^checks\.\d+\.unique\.\d+$/,
  /^(idempotency_key|target\.indexes\.\d+(\.columns)?)\.\d+$/,
  /^(pipeline|description)$/,
];

/** The tree as plain values, for the schema; texts where text is expected. */
export function plainValue(tree: Tree, path: Path = []): unknown {
  if (tree.kind === "list") return tree.items.map((item, at) => plainValue(item, [...path, at]));
  if (tree.kind === "map") {
    const entries = tree.entries.map(({ key, value }) =>
      [key, plainValue(value, [...path, key])] as const
    );
    return Object.fromEntries(entries);
  }
  if (tree.value === null || typeof tree.value === "string") return tree.value;
  // A dot in a key must not make it look like two.
  const name = path.map((step) => String(step).replaceAll(".", "_")).join(".");
  return TEXTS.some((pattern) => pattern.test(name)) ? tree.text : tree.value;
}
