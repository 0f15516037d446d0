import { createHash } from "node:crypto";
import { eachKey, keysAt, keysOf, placeAt } from "./keys.ts";
import type { PipelineSpec } from "./pipeline_spec.ts";
import { camel, fieldName } from "./schema/section.ts";

/**
 * The keys of the first version that count: they are in the hash whatever they say.
 *
 * A younger key is in it only where it says something, so that files from before it keep their hash:
 * no key is ever added here.
 */
const FIRST = [
  "columns",
  "idempotency_key",
  "on_duplicate",
  "partitions.by",
  "refresh.mode",
  "schema_contract.new_columns",
  "source.compression",
  "source.format",
  "source.url",
  "target.indexes",
  "target.lineage",
  "target.partition_column",
  "target.table",
];

/** What the first version called some of them in the hash. */
const NAMES: Readonly<Record<string, string>> = {
  idempotency_key: "key",
  "partitions.by": "by",
  "refresh.mode": "mode",
  "refresh.hard_deletes": "hardDeletes",
};

/** SHA-256 (hex) of everything that can change the published rows; `url` as the file has it. */
export function specHash(
  spec: Omit<PipelineSpec, "hash">,
  url: string | readonly string[],
): string {
  const values = {
    ...spec,
    source: { ...spec.source, url, format: formatValue(spec.source.format) },
    columns: [
      ...spec.columns,
      ...(spec.passing ?? []).map((column) => ({ ...column, keep: false })),
    ].map(({ aliases, expressionLine: _, ...column }) =>
      aliases.length === 0 ? column : { ...column, aliases }
    ),
    rules: spec.rules.length === 0 ? null : spec.rules.map(ruleValue),
  };
  // `target.table` is two things in the spec.
  const hashed: Record<string, unknown> = { target: { schema: spec.target.schema } };
  for (const { name, steps, leftOut } of countingKeys()) {
    const value = steps.reduce<unknown>(fieldOf, values) ?? null;
    if (!FIRST.includes(name) && saysNothing(value, leftOut)) continue;
    put(hashed, NAMES[name]?.split(".") ?? steps, value);
  }
  return createHash("sha256").update(canonicalJson(hashed)).digest("hex");
}

/** A key that counts, where the spec has it, and what leaving it out means. */
interface CountingKey {
  readonly name: string;
  readonly steps: readonly string[];
  readonly leftOut: unknown;
}

let counting: readonly CountingKey[] | null = null;

function countingKeys(): readonly CountingKey[] {
  if (counting !== null) return counting;
  const found: CountingKey[] = [];
  eachKey(({ schema, meta }, path) => {
    if (meta.rows === false) return false;
    if (meta.rows === undefined && keysAt(path).length > 0) return true;
    const leftOut = meta.leftOut ?? schema.safeParse(undefined).data;
    const steps = [...path.slice(0, -1).map(camel), fieldName(path.at(-1)!, schema)];
    found.push({ name: path.join("."), steps, leftOut });
    // A section that counts does so as a whole.
    return meta.rows === undefined;
  });
  return counting = found;
}

/** All options of a format count; younger ones have no default but what leaving them out means. */
function formatValue(options: PipelineSpec["source"]["format"]): Record<string, unknown> {
  const leftOut = new Map(
    keysOf(placeAt(["source", "format"]), options.type).map((
      { name, meta },
    ) => [camel(name), meta.leftOut]),
  );
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== leftOut.get(name)),
  );
}

/** A rule by its name and those of its keys that count. */
function ruleValue(rule: PipelineSpec["rules"][number]): Record<string, unknown> {
  const counting = keysOf(placeAt(["rules", "<name>"])).filter(({ meta }) => meta.rows !== false);
  const names = ["name", ...counting.map(({ name }) => camel(name))];
  return Object.fromEntries(names.map((name) => [name, rule[name as keyof typeof rule]]));
}

function saysNothing(value: unknown, leftOut: unknown): boolean {
  return value === null || canonicalJson(value) === canonicalJson(leftOut ?? null);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Sets a field of a field, and makes those on the way. */
function put(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const holder = path.slice(0, -1).reduce<Record<string, unknown>>(
    (fields, name) => (fields[name] ??= {}) as Record<string, unknown>,
    root,
  );
  holder[path.at(-1)!] = value;
}

/** JSON with sorted keys, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0),
    );
  });
}
