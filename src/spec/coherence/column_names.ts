import { didYouMean } from "../../core/did_you_mean.ts";
import type { Path } from "../yaml_tree.ts";
import type { Check } from "./check.ts";

const LINEAGE = ["_run_id", "_loaded_at", "_source_file", "_source_line"];

/** The key and the indexes name columns; an index may also name the partition's own. */
export const columnReferences: Check = (spec, report, input) => {
  const columns = spec.columns.map(({ name }) => name);
  const more = [
    ...(spec.target.partitionColumn === null ? [] : [spec.target.partitionColumn]),
    ...(spec.target.lineage ? LINEAGE : []),
  ];
  requireColumns(spec.idempotencyKey, ["idempotency_key"], columns);
  spec.target.indexes.forEach((index, at) => {
    const path: Path = ["target", "indexes", at];
    const list = Array.isArray(input.target.indexes[at]);
    requireColumns(index.columns, list ? path : [...path, "columns"], [...columns, ...more]);
  });

  function requireColumns(names: readonly string[], path: Path, known: readonly string[]): void {
    names.forEach((name, at) => {
      if (names.indexOf(name) < at) {
        report.value([...path, at], "spec/name_clash", `"${name}" is named twice`);
      }
      if (known.includes(name)) return;
      const near = didYouMean(name, known);
      report.value(
        [...path, at],
        "spec/unknown_column",
        `"${name}" is no column`,
        near === null ? `Columns: ${known.join(", ")}` : `Did you mean "${near}"?`,
      );
    });
  }
};

/** Two columns from one field are most often a slip of the pen. */
export const sharedFields: Check = (spec, report) => {
  const { header } = spec.source.format;
  const seen = new Map<string, string>();
  for (const { name, from } of spec.columns) {
    const path = ["columns", name, "from"];
    if (!header && from !== name) {
      report.value(
        path,
        "spec/contradiction",
        `"from" names a header, but "header" is false`,
        "Leave it out: columns are taken in order",
      );
    }
    const other = seen.get(from);
    if (header && other !== undefined) {
      report.value(path, "spec/shared_field", `"${other}" is read from field "${from}" already`);
    }
    seen.set(from, name);
  }
};

/** Names of our own columns cannot be declared. */
export const nameClashes: Check = (spec, report) => {
  const { lineage, partitionColumn } = spec.target;
  for (const { name } of spec.columns) {
    const path = ["columns", name];
    if (name === "" || name.includes("\0")) {
      report.key(path, "spec/bad_name", "A column needs a name without NUL");
    } else if (name.startsWith("_sluice_")) {
      report.key(path, "spec/name_clash", `Names that start with "_sluice_" are Sluice's own`);
    } else if (lineage && LINEAGE.includes(name)) {
      report.key(path, "spec/name_clash", `"${name}" is a column that "lineage" adds`);
    } else if (name === "_partition" && spec.partitions !== null && partitionColumn === name) {
      report.key(
        path,
        "spec/name_clash",
        `"_partition" is the column that holds the partition`,
        "Name another one under target.partition_column",
      );
    } else if (/^(tableoid|xmin|xmax|cmin|cmax|ctid)$/.test(name)) {
      report.key(path, "spec/bad_name", `"${name}" is a column that Postgres has in every table`);
    }
  }
  const taken = partitionColumn !== null &&
    (partitionColumn.startsWith("_sluice_") || (lineage && LINEAGE.includes(partitionColumn)));
  if (taken) {
    report.value(
      ["target", "partition_column"],
      "spec/name_clash",
      `"${partitionColumn}" is a column of Sluice's own`,
    );
  }
};
