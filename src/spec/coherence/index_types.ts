import type { ColumnType, IndexSpec } from "../pipeline_spec.ts";
import type { Check } from "./check.ts";

/** Postgres refuses an index of more columns. */
const MAX_COLUMNS = 32;

/** Types that an index method has no operator class for, extensions included. */
const UNFIT: Readonly<Record<IndexSpec["method"], RegExp>> = {
  btree: /^json$/,
  hash: /^json$/,
  brin: /^(json|jsonb|boolean)$/,
  gin: /^json$/,
  gist: /^json$/,
};

/** Postgres can build the indexes, and the one of the idempotency key. */
export const indexTypes: Check = (spec, report) => {
  const types = new Map<string, ColumnType>(spec.columns.map(({ name, type }) => [name, type]));
  if (spec.refresh.mode === "history") types.set("_current", { name: "boolean" });
  const { partitionColumn } = spec.target;
  const added = partitionColumn !== null && !spec.columnNames.includes(partitionColumn) ? 1 : 0;
  const keyColumns = spec.idempotencyKey.length + added;
  if (keyColumns > MAX_COLUMNS) {
    report.key(
      ["idempotency_key"],
      "spec/bad_index",
      `A key has at most ${MAX_COLUMNS} columns, that of the partition included`,
    );
  }
  spec.idempotencyKey.forEach((name, at) => {
    if (types.get(name)?.name !== "json") return;
    report.value(
      ["idempotency_key", at],
      "spec/bad_index",
      `"${name}" is json, which Postgres cannot compare`,
      "Make it jsonb, or take another column",
    );
  });
  spec.target.indexes.forEach(({ columns, method }, at) => {
    const path = ["target", "indexes", at];
    if (columns.length > MAX_COLUMNS) {
      report.value(path, "spec/bad_index", `An index has at most ${MAX_COLUMNS} columns`);
    }
    if (columns.length > 1 && method === "hash") {
      report.value(path, "spec/bad_index", "A hash index has one column");
    }
    for (const name of columns) {
      const type = types.get(name)?.name;
      if (type === undefined || !UNFIT[method].test(type)) continue;
      report.part(
        path,
        name,
        "spec/bad_index",
        `"${name}" is ${type}, which ${method} cannot index`,
      );
    }
  });
  const wholeTable = spec.refresh.mode === "full" &&
    spec.columns.length === spec.columnNames.length;
  if (wholeTable && spec.columns.every(({ type }) => type.name === "json")) {
    report.key(
      ["columns"],
      "spec/bad_index",
      "Every column is json, which Postgres cannot partition by",
      "Make one of them jsonb",
    );
  }
};
