import type { ColumnInfo, TableInfo } from "../db/catalog/catalog.ts";
import type { ColumnSpec, ColumnType, PipelineSpec } from "../spec/pipeline_spec.ts";
import { type Asked, boundNames, keepsNotNull } from "./asked.ts";
import type { KeptColumn } from "./load_plan.ts";
import type { TableTypes } from "./server_types.ts";
import { columnTypeOf, isOfType, sqlType } from "./sql_types.ts";
import { typeChange } from "./widening.ts";

/** A pipeline that keeps to what others made stricter in its table, and where it does. */
export interface ConformedSpec {
  readonly spec: PipelineSpec;
  readonly kept: readonly KeptColumn[];
}

/**
 * Takes over what somebody made stricter in a table of Sluice's own: NOT NULL, a narrower type.
 *
 * Rows that break it are rejects then, with line and column, and the table stays as it is. Pure.
 */
export function conformSpec(
  spec: PipelineSpec,
  table: TableInfo,
  asked: Asked,
): ConformedSpec {
  const standing = new Map(table.columns.map((column) => [column.name, column]));
  const bound = boundNames(table);
  const kept: KeptColumn[] = [];
  const columns = spec.columns.map((column): ColumnSpec => {
    const there = standing.get(column.name);
    if (there === undefined || there.generated) return column;
    const type = narrower(column, there, asked);
    const required = !column.required && keepsNotNull(there, asked, bound);
    if (type !== null) {
      kept.push({
        column: column.name,
        what: `${sqlType(type)}, narrower than ${sqlType(column.type)} in the pipeline file`,
      });
    }
    if (required) kept.push({ column: column.name, what: "NOT NULL" });
    return {
      ...column,
      ...(type === null ? {} : { type }),
      ...(required ? { required } : {}),
    };
  });
  return { spec: { ...spec, columns }, kept };
}

/** The table's type, where somebody else narrowed it and its values are read in the same way. */
function narrower(column: ColumnSpec, there: ColumnInfo, asked: Asked): ColumnType | null {
  if (isOfType(there, column.type)) return null;
  if (asked.get(column.name)?.type !== sqlType(column.type)) return null;
  const type = columnTypeOf(there.type);
  if (type === null || typeChange(there.type, column.type) === "destructive") return null;
  // As text `007` is itself, as a number it is 7; as real 0.1 is another number than as double.
  const sameReading = column.type.name === "text" || column.type.name === "varchar"
    ? type.name === "varchar"
    : type.name !== "real";
  return sameReading ? type : null;
}

/** Types that hold a text as it is, or not at all. */
const TEXTS: ReadonlySet<string> = new Set(["varchar", "char"]);

/**
 * Reads a column that the pipeline file has as text by the type of the table, where that is another
 * one of texts, or one that only Postgres can read: as COPY would. Pure.
 *
 * @param asked what the file asked for before; null where the table is not Sluice's own
 */
export function readByTable(
  spec: PipelineSpec,
  table: TableInfo,
  types: TableTypes,
  asked: Asked | null,
): ConformedSpec {
  const standing = new Map(table.columns.map((column) => [column.name, column]));
  const kept: KeptColumn[] = [];
  const columns = spec.columns.map((column): ColumnSpec => {
    const there = standing.get(column.name);
    if (there === undefined || column.type.name !== "text") return column;
    if (isOfType(there, column.type)) return column;
    if (asked !== null && asked.get(column.name)?.type !== "text") return column;
    const own = columnTypeOf(there.type);
    // In a table of Sluice's own `conformSpec` has seen to it.
    if (asked === null && there.type === there.fullType && own !== null && TEXTS.has(own.name)) {
      kept.push({ column: column.name, what: sqlType(own) });
      return { ...column, type: own };
    }
    const type = types.get(column.name);
    if (type === undefined) return column;
    kept.push({ column: column.name, what: `${type.sql}, which Postgres reads from the text` });
    return { ...column, type };
  });
  return { spec: { ...spec, columns }, kept };
}
