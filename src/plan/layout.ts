import { periodBounds } from "../core/period.ts";
import type { ColumnType, PipelineSpec, RefreshMode } from "../spec/pipeline_spec.ts";
import type { TableName } from "./load_plan.ts";

/** How the target is partitioned, and which columns it has beyond the declared ones. */
export interface Layout {
  readonly target: TableName;
  /** Null: one plain table, which loads are merged into. */
  readonly strategy: "list" | "range" | null;
  /** The partition key of the parent; null for a plain table. */
  readonly partitionColumn: string | null;
  /** Every column of the target in order, with NOT NULL where it holds. */
  readonly columns: readonly LayoutColumn[];
  /** Those of them that a load fills: all but what `history` adds. */
  readonly loaded: readonly LayoutColumn[];
  /** Columns of the unique index: the idempotency key and, where it must, the partition column. */
  readonly uniqueColumns: readonly string[];
  /** The column that `partitions` adds, null where a declared one holds the partition. */
  readonly ownColumn: string | null;
}

export interface LayoutColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly notNull: boolean;
  /** It is computed, not read. */
  readonly expression?: string;
}

/** Columns that `target.lineage: true` adds. */
export const LINEAGE_COLUMNS: readonly LayoutColumn[] = [
  { name: "_run_id", type: { name: "uuid" }, notNull: true },
  { name: "_loaded_at", type: { name: "timestamptz" }, notNull: true },
  { name: "_source_file", type: { name: "text" }, notNull: true },
  { name: "_source_line", type: { name: "bigint" }, notNull: true },
];

/** Columns that `refresh.mode: history` adds. */
export const HISTORY_COLUMNS: readonly LayoutColumn[] = [
  { name: "_valid_from", type: { name: "timestamptz" }, notNull: true },
  { name: "_valid_to", type: { name: "timestamptz" }, notNull: false },
  { name: "_current", type: { name: "boolean" }, notNull: true },
];

/** Whether loads of this mode are merged into the existing rows, instead of replacing them. */
export function isMerging(mode: RefreshMode): boolean {
  return mode === "append" || mode === "upsert" || mode === "history";
}

/** Decides the shape of the target table. */
export function layoutOf(spec: PipelineSpec): Layout {
  const layout = loadedLayout(spec);
  return spec.refresh.mode === "history"
    ? { ...layout, columns: [...layout.columns, ...HISTORY_COLUMNS] }
    : layout;
}

function loadedLayout(spec: PipelineSpec): Layout {
  const target = { schema: spec.target.schema, table: spec.target.table };
  const declared: LayoutColumn[] = spec.columns.map((column) => ({
    name: column.name,
    type: column.type,
    notNull: column.required || column.name === spec.target.partitionColumn,
    ...(column.expression === undefined ? {} : { expression: column.expression }),
  }));
  const lineage = spec.target.lineage ? LINEAGE_COLUMNS : [];
  const plain = {
    target,
    columns: [...declared, ...lineage],
    loaded: [...declared, ...lineage],
    uniqueColumns: spec.idempotencyKey,
    ownColumn: null,
  };
  const { partitionColumn } = spec.target;
  if (isMerging(spec.refresh.mode) && (spec.partitions === null || partitionColumn === null)) {
    return { ...plain, strategy: null, partitionColumn: null };
  }
  if (spec.partitions === null) {
    return { ...plain, strategy: "list", partitionColumn: wholeTableKey(spec) };
  }
  if (partitionColumn === null) throw new Error("A partitioned target without its column");
  if (declared.some(({ name }) => name === partitionColumn)) {
    return { ...plain, strategy: "range", partitionColumn };
  }
  const own: LayoutColumn = {
    name: partitionColumn,
    type: { name: OWN_COLUMN_TYPE[spec.partitions.by] ?? "date" },
    notNull: true,
  };
  return {
    target,
    strategy: "list",
    partitionColumn,
    columns: [...declared, own, ...lineage],
    loaded: [...declared, own, ...lineage],
    // A unique index on a partitioned table must hold the partition key.
    uniqueColumns: spec.idempotencyKey.length === 0 ? [] : [...spec.idempotencyKey, own.name],
    ownColumn: own.name,
  };
}

const OWN_COLUMN_TYPE: Readonly<Record<string, "timestamp" | "text">> = {
  hour: "timestamp",
  list: "text",
};

/** The value that the partition's own column holds in each row. */
export function partitionValue(spec: PipelineSpec, partition: string): string {
  const by = spec.partitions!.by;
  return by === "list" ? partition : periodBounds(by, partition).start;
}

/**
 * A whole table is one DEFAULT partition, so any column can be the parent's key.
 *
 * The idempotency key's first one is taken so that the unique index may stand on the parent;
 * json and some others have no equality and cannot be a key.
 */
function wholeTableKey(spec: PipelineSpec): string {
  if (spec.idempotencyKey.length > 0) return spec.idempotencyKey[0];
  const column = spec.columns.find(({ type }) => isOrdered(type));
  return (column ?? spec.columns[0]).name;
}

/** Whether a B-tree can order values of a type; of one that is not looked up it is thought so. */
export function isOrdered(type: ColumnType): boolean {
  return type.name === "other" ? type.found?.ordered ?? true : type.name !== "json";
}
