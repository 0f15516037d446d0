import { freeColumnName, unnamedColumn } from "../core/column_name.ts";
import type { TableInfo } from "../db/catalog/catalog.ts";
import type { ColumnSpec, ColumnType, PipelineSpec } from "../spec/pipeline_spec.ts";
import type { EvolvedColumn } from "./load_plan.ts";
import { catalogType, columnTypeOf, sqlType } from "./sql_types.ts";
import type { TableTypes } from "./server_types.ts";
import { typeChange } from "./widening.ts";

/** What the sources of a run show, put together; see `rows/evidence.ts`. */
export interface SourceEvidence {
  readonly partition: string | null;
  readonly added: readonly {
    /** As the header has it; empty where it has no name. */
    readonly field: string;
    /** From 0. */
    readonly index: number;
    readonly types: readonly ColumnType[];
    readonly values: number;
  }[];
  readonly widened: readonly {
    readonly name: string;
    readonly type: ColumnType;
    readonly line: number;
  }[];
}

const TEXT: ColumnType = { name: "text" };

/** A pipeline that follows its sources, and in which way. */
export interface EvolvedSpec {
  readonly spec: PipelineSpec;
  readonly evolved: readonly EvolvedColumn[];
}

/**
 * Adds columns for new fields and widens columns whose values do not fit, as the contract allows.
 *
 * What the table has already from an earlier load counts as well. Pure.
 */
export function evolveSpec(
  spec: PipelineSpec,
  sources: readonly SourceEvidence[],
  table: TableInfo | null,
  types: TableTypes = new Map(),
): EvolvedSpec {
  const present = new Map(table?.columns.map((column) => [column.name, column.type]));
  const notNull = new Set(
    table?.columns.filter((column) => column.notNull).map(({ name }) => name),
  );
  const evolved: EvolvedColumn[] = [];
  const columns = spec.columns.map((column) => {
    if (spec.schemaContract.typeChanges !== "evolve") return column;
    const type = widest([column.type, ...standing(present.get(column.name), column.type)]);
    const proofs = sources.flatMap(({ partition, widened }) =>
      widened.filter(({ name }) => name === column.name).map((proof) => ({ ...proof, partition }))
    );
    const wanted = widest([type, ...proofs.map((proof) => proof.type)]);
    if (proofs.length > 0 && sqlType(wanted) !== sqlType(type)) {
      evolved.push({
        column: column.name,
        change: "widened",
        type: sqlType(wanted),
        evidence: `a value on line ${proofs[0].line}${of(proofs[0].partition)} is not a valid ${
          sqlType(column.type)
        }`,
      });
    }
    return { ...column, type: wanted };
  });
  return { spec: { ...spec, columns: [...columns, ...addedColumns()] }, evolved };

  function addedColumns(): ColumnSpec[] {
    const groups = Map.groupBy(
      sources.flatMap(({ added }) => added),
      ({ field, index }) => field === "" ? index : field,
    );
    const taken = new Set(columns.map(({ name }) => name));
    if (spec.target.partitionColumn !== null) taken.add(spec.target.partitionColumn);
    // Fields without a name come last: a name that is in the file is its own column's.
    const ordered = [...groups].sort(([a], [b]) =>
      Number(typeof a === "number") - Number(typeof b === "number")
    );
    return ordered.flatMap(([key, proofs]) => {
      const unnamed = typeof key === "number";
      const name = freeColumnName(unnamed ? unnamedColumn(key) : key, taken);
      const field = unnamed ? `field ${key + 1}, which has no name,` : `field "${key}"`;
      const there = columnTypeOf(present.get(name) ?? "") ?? types.get(name) ?? null;
      // A field without a value says nothing of its type.
      const known = proofs.filter(({ types }) => types.length > 0);
      const type = known.length === 0 ? there ?? TEXT : commonType(known, there);
      const values = proofs.reduce((sum, proof) => sum + proof.values, 0);
      // A delimiter at the end of each line makes a field, and no column.
      if (unnamed && values === 0 && there === null) return [];
      if (there === null || sqlType(type) !== sqlType(there)) {
        evolved.push({
          column: name,
          change: there === null ? "added" : "widened",
          type: sqlType(type),
          evidence: values === 0
            ? `${field} has no value yet`
            : `${field} has ${values} values, all of them ${sqlType(type)}`,
        });
      }
      return {
        name,
        from: unnamed ? String(key + 1) : key,
        aliases: [],
        optional: true as const,
        ...(unnamed ? { unnamed: true as const } : {}),
        type,
        // Somebody else made it so: only what the file requires does Sluice make NOT NULL.
        required: notNull.has(name),
        default: null,
        rules: {},
        options: {},
      };
    });
  }
}

/** The type that stands in the table, where it holds what the pipeline declares. */
function standing(printed: string | undefined, declared: ColumnType): ColumnType[] {
  const type = printed === undefined ? null : columnTypeOf(printed);
  return type !== null && holds(type, declared) ? [type] : [];
}

/** The one that holds all the others; text where none does. */
function widest(types: readonly ColumnType[]): ColumnType {
  return types.find((type) => types.every((other) => holds(type, other))) ?? TEXT;
}

function holds(wide: ColumnType, narrow: ColumnType): boolean {
  return sqlType(wide) === sqlType(narrow) ||
    typeChange(catalogType(narrow), wide) !== "destructive";
}

/**
 * The first type that writes the values of every source, and those in the table, as they are.
 *
 * @param there the column's type in the table; null where there is none
 */
function commonType(
  proofs: readonly { readonly types: readonly ColumnType[] }[],
  there: ColumnType | null,
): ColumnType {
  const common = proofs[0].types.filter((type) =>
    proofs.every(({ types }) => types.some((other) => sqlType(other) === sqlType(type)))
  );
  if (there === null) return common[0] ?? TEXT;
  // Any value has a text, and which texts are values is Postgres's to say.
  if (there.name === "other") return there;
  const same = common.find((type) => sqlType(type) === sqlType(there));
  return same ?? common.find((type) => writesAlike(there, type)) ?? TEXT;
}

/** Types whose values a number type writes as they did. */
const WRITES_ALIKE: Readonly<Record<string, readonly string[]>> = {
  smallint: ["integer", "bigint", "numeric", "double precision"],
  integer: ["bigint", "numeric", "double precision"],
  bigint: ["numeric"],
  numeric: ["numeric"],
};

/** Whether a column's values stay the same texts in another type: a date would get a midnight. */
function writesAlike(from: ColumnType, { name }: ColumnType): boolean {
  return name === "text" || (WRITES_ALIKE[from.name]?.includes(name) ?? false);
}

function of(partition: string | null): string {
  return partition === null ? "" : ` of partition ${partition}`;
}
