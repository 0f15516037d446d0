import {
  byteLength,
  childIndexName,
  MAX_NAME_BYTES,
  parentIndexName,
  rawTableName,
  versionTableName,
} from "../../core/names.ts";
import { PERIOD_EXAMPLES } from "../../core/period.ts";
import type { PartitionsSpec } from "../pipeline_spec.ts";
import type { Path } from "../yaml_tree.ts";
import type { Check } from "./check.ts";

/** Versions up to this one have room in every name. */
const LAST_VERSION = 999_999;

/** Postgres cuts names after 63 bytes, and cut names clash; generated ones count too. */
export const nameLengths: Check = (spec, report, input) => {
  const { schema, table, partitionColumn, indexes } = spec.target;
  for (const name of spec.columnNames) check(name, ["columns", name], true);
  check(schema, ["target", "table"]);
  if (!check(table, ["target", "table"])) return;
  if (input.target.partition_column !== undefined && partitionColumn !== null) {
    check(partitionColumn, ["target", "partition_column"]);
  }
  const { partitions } = spec;
  const owners = new Map<string, string | null>();
  for (const [partition, path] of namedPartitions(partitions)) {
    const version = versionTableName(table, partition, LAST_VERSION);
    const names = [
      version,
      // As long as that of a before-image.
      rawTableName(version),
      ...indexes.map((_, at) => childIndexName(version, at + 1)),
      ...(spec.idempotencyKey.length === 0 ? [] : [childIndexName(version, "key")]),
    ];
    const longest = names.reduce((a, b) => byteLength(b) > byteLength(a) ? b : a);
    const hint = partitions?.by === "list"
      ? "Choose a shorter table name, or a shorter value"
      : "Choose a shorter table name";
    if (!check(longest, path, false, hint) && partitions?.by !== "list") break;
    const owner = owners.get(version);
    if (owner !== undefined && owner !== partition) {
      report.value(
        path,
        "spec/name_clash",
        `The tables of partitions "${owner}" and "${partition}" would both be called "${version}"`,
      );
    }
    owners.set(version, partition);
  }
  const taken = new Set<string>();
  indexes.forEach(({ columns }, at) => {
    const name = parentIndexName(table, columns);
    const path = ["target", "indexes", at];
    if (taken.has(name)) {
      report.value(path, "spec/name_clash", `Two indexes would be called "${name}"`);
    }
    taken.add(name);
    check(name, path, false, "Choose a shorter table name, or fewer columns");
  });

  function check(name: string, path: Path, key = false, hint?: string): boolean {
    const bytes = byteLength(name);
    if (bytes <= MAX_NAME_BYTES) return true;
    const message = `Name "${name}" has ${bytes} bytes: Postgres keeps ${MAX_NAME_BYTES}`;
    if (key) report.key(path, "spec/name_too_long", message, hint);
    else report.value(path, "spec/name_too_long", message, hint);
    return false;
  }
};

/** Partitions whose names are worth looking at, each with the place to blame. */
function namedPartitions(partitions: PartitionsSpec | null): (readonly [string | null, Path])[] {
  const table: Path = ["target", "table"];
  if (partitions === null) return [[null, table]];
  const { by, values } = partitions;
  if (by !== "list") return [[PERIOD_EXAMPLES[by], table]];
  return values.map((value, at) => [value, ["partitions", "values", at]]);
}
