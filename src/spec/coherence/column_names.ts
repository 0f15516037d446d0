import { didYouMean } from "../../core/did_you_mean.ts";
import { isPath, parsePath, type PathFault, pathText } from "../../core/json_path.ts";
import type { Report } from "../report.ts";
import type { Path } from "../yaml_tree.ts";
import type { Check } from "./check.ts";

const LINEAGE = ["_run_id", "_loaded_at", "_source_file", "_source_line"];
const HISTORY = ["_valid_from", "_valid_to", "_current"];

/** The key names columns. */
export const keyColumns: Check = ({ idempotencyKey, columnNames }, report) => {
  requireColumns(idempotencyKey, ["idempotency_key"], columnNames, report);
};

/** The indexes name columns; they may also name those that Sluice adds. */
export const indexColumns: Check = (spec, report, input) => {
  const known = [
    ...spec.columnNames,
    ...(spec.target.partitionColumn === null ? [] : [spec.target.partitionColumn]),
    ...(spec.target.lineage ? LINEAGE : []),
    ...(spec.refresh.mode === "history" ? HISTORY : []),
  ];
  spec.target.indexes.forEach((index, at) => {
    const path: Path = ["target", "indexes", at];
    const list = Array.isArray(input.target.indexes[at]);
    requireColumns(index.columns, list ? path : [...path, "columns"], known, report);
  });
};

function requireColumns(
  names: readonly string[],
  path: Path,
  known: readonly string[],
  report: Report,
): void {
  const all = new Set(known);
  const seen = new Set<string>();
  names.forEach((name, at) => {
    const place = [...path, at];
    if (seen.has(name)) report.value(place, "spec/name_clash", `"${name}" is named twice`);
    seen.add(name);
    if (!all.has(name)) unknownColumn(name, place, known, report);
  });
}

/** Faults of a file before names are no longer looked for that are near. */
const HINTED = 100;

/** Columns that a hint names at most. */
const NAMED = 50;

/** Reports a name that is none of the columns. */
export function unknownColumn(
  name: string,
  path: Path,
  known: readonly string[],
  report: Report,
): void {
  // Nobody reads on for so long, and each name is compared with all columns.
  const near = report.diagnostics.length < HINTED ? didYouMean(name, known) : null;
  const more = known.length > NAMED ? ", …" : "";
  report.value(
    path,
    "spec/unknown_column",
    `"${name}" is not a column`,
    near === null
      ? `Columns: ${known.slice(0, NAMED).join(", ")}${more}`
      : `Did you mean "${near}"?`,
  );
}

/** Two columns from one field are most often a slip of the pen. */
export const sharedFields: Check = (spec, report, input) => {
  const byPosition = spec.source.naming === "position";
  const seen = new Map<string, string>();
  for (const { name, from, aliases, expression } of [...spec.columns, ...spec.passing ?? []]) {
    if (expression !== undefined) continue;
    const path = ["columns", name, "from"];
    if (byPosition && aliases.length > 0) {
      report.value(
        path,
        "spec/contradiction",
        `"from" lists several headers, but "header" is false`,
        "Write the number of the field, counted from 1",
      );
      continue;
    }
    if (byPosition && !/^[1-9]\d{0,4}$/.test(from)) {
      report.value(
        path,
        "spec/contradiction",
        `"from" is "${from}", but "header" is false`,
        "Write the number of the field, counted from 1, or leave it out: columns follow the file",
      );
      continue;
    }
    for (const field of [from, ...aliases]) {
      const place = spec.source.naming === "keys" ? placeOf(field) : field;
      if (typeof place !== "string") {
        report.value(path, "spec/bad_path", place.message, place.hint);
        continue;
      }
      const other = seen.get(place);
      if (other !== undefined) {
        const said = input.columns[name].from !== undefined;
        const message = other === name
          ? `"${field}" is named twice`
          : `"${other}" is read from field "${field}" already`;
        if (said) report.value(path, "spec/shared_field", message);
        else report.key(["columns", name], "spec/shared_field", message);
      }
      seen.set(place, name);
    }
  }
};

/** What is the same for all names and paths of a field. */
function placeOf(field: string): string | PathFault {
  const steps = isPath(field) ? parsePath(field) : [field];
  return "message" in steps ? steps : pathText(steps);
}

/** Postgres's columns of every table. */
const SYSTEM = /^(tableoid|xmin|xmax|cmin|cmax|ctid)$/;

/** Postgres's limit for a table is 1600; while it is loaded one of ours says where a row stood. */
const MAX_COLUMNS = 1599;

/** Names of our own columns, and of Postgres's, cannot be declared. */
export const nameClashes: Check = (spec, report, input) => {
  const { lineage, partitionColumn, schema } = spec.target;
  for (const name of [...spec.columnNames, ...(spec.passing ?? []).map(({ name }) => name)]) {
    const path = ["columns", name];
    if (!isName(name)) {
      report.key(path, "spec/bad_name", "A column needs a name that Postgres can store");
    } else if (name.startsWith("_sluice_")) {
      report.key(path, "spec/name_clash", `Names that start with "_sluice_" are Sluice's own`);
    } else if (spec.refresh.mode === "history" && HISTORY.includes(name)) {
      report.key(path, "spec/name_clash", `"${name}" is a column that "history" adds`);
    } else if (lineage && LINEAGE.includes(name)) {
      report.key(path, "spec/name_clash", `"${name}" is a column that "lineage" adds`);
    } else if (name === "_partition" && spec.partitions !== null && partitionColumn === name) {
      report.key(
        path,
        "spec/name_clash",
        `"_partition" is the column that holds the partition`,
        "Name another one under target.partition_column",
      );
    } else if (SYSTEM.test(name)) {
      report.key(path, "spec/bad_name", `"${name}" is a column that Postgres has in every table`);
    }
  }
  if (input.target.partition_column !== undefined && partitionColumn !== null) {
    const path = ["target", "partition_column"];
    const own = [...(lineage ? LINEAGE : []), ...(spec.refresh.mode === "history" ? HISTORY : [])];
    if (partitionColumn.startsWith("_sluice_") || own.includes(partitionColumn)) {
      report.value(path, "spec/name_clash", `"${partitionColumn}" is a column of Sluice's own`);
    } else if (SYSTEM.test(partitionColumn) || !isName(partitionColumn)) {
      report.value(path, "spec/bad_name", `"${partitionColumn}" cannot name a column`);
    }
  }
  if (schema === "sluice") {
    report.value(["target", "table"], "spec/name_clash", `Schema "sluice" is Sluice's own`);
  } else if (/^(pg_|information_schema$)/.test(schema)) {
    report.value(["target", "table"], "spec/bad_name", `Schema "${schema}" is Postgres's own`);
  }
  const count = spec.columnNames.length + (spec.partitions === null ? 0 : 1) +
    (lineage ? LINEAGE.length : 0) + (spec.refresh.mode === "history" ? HISTORY.length : 0);
  if (count > MAX_COLUMNS) {
    report.key(
      ["columns"],
      "spec/wrong_value",
      `The table would have ${count} columns: Postgres takes 1600, and a load needs one of them`,
      `Leave out columns until ${MAX_COLUMNS} are left, or put some together as jsonb`,
    );
  }
};

/** A lone surrogate, which YAML can write as an escape, has no UTF-8. */
function isName(name: string): boolean {
  return name !== "" && !name.includes("\0") && name.isWellFormed();
}
