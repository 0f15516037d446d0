import { SluiceError } from "../core/error.ts";
import type { ColumnInfo, TableInfo } from "../db/catalog/catalog.ts";
import type { TypeInfo } from "../db/type_info.ts";
import type { PipelineSpec, ServerType } from "../spec/pipeline_spec.ts";
import { isMerging, isOrdered } from "./layout.ts";
import { columnTypeOf, sqlType } from "./sql_types.ts";

/** The types of a table's columns that Postgres can read and nothing here, and its domains, by column. */
export type TableTypes = ReadonlyMap<string, ServerType>;

/**
 * A type as the plan has it.
 *
 * @param printed with its modifiers, as `format_type` prints it
 * @param isModified it has some
 */
export function serverType(info: TypeInfo, printed: string, isModified: boolean): ServerType {
  const { base, domain, modified, castByFunction, isJson, elements, delimiter, ordered, names } =
    info;
  // An explicit cast cuts what is too long for a modifier, and one by a function does what that does.
  const differs = isModified || modified || (castByFunction && !isJson);
  return {
    name: "other",
    sql: printed,
    found: {
      casts: differs ? null : [base, ...(domain === null ? [] : [domain])],
      elements,
      ...(delimiter === null || delimiter === "," ? {} : { delimiter }),
      ordered,
      names,
    },
  };
}

/** The columns of a table whose values nothing here reads by their type, or not all of it. */
export function unreadColumns(table: TableInfo): readonly ColumnInfo[] {
  return table.columns.filter(({ type, fullType }) =>
    columnTypeOf(type) === null || type !== fullType
  );
}

/** Their types. */
export function tableTypes(
  table: TableInfo,
  types: ReadonlyMap<number, TypeInfo>,
): TableTypes {
  return new Map(
    unreadColumns(table).flatMap(({ name, typeOid, fullType }) => {
      const info = typeOid === undefined ? undefined : types.get(typeOid);
      return info === undefined || !info.usable
        ? []
        : [[name, serverType(info, fullType, fullType !== info.printed)]];
    }),
  );
}

/**
 * Refuses keys and indexes of types that have no order, and a table of nothing else.
 *
 * @throws SluiceError `plan/unusable_type`
 */
export function requireOrdered(spec: PipelineSpec): void {
  const [first] = spec.columns;
  if (
    spec.partitions === null && spec.idempotencyKey.length === 0 &&
    !isMerging(spec.refresh.mode) && spec.columns.every(({ type }) => !isOrdered(type))
  ) {
    throw unusable(
      spec,
      `"${first.name}" is ${sqlType(first.type)}, and no column has an order to partition by`,
      { hint: "Add a column of another type, or make one of them jsonb or text" },
    );
  }
  for (const { name, type } of spec.columns) {
    if (type.name !== "other" || isOrdered(type)) continue;
    if (spec.idempotencyKey.includes(name)) {
      throw unusable(spec, `"${name}" is ${type.sql}, whose values have no order`, {
        hint: "Take other columns as the idempotency_key",
      });
    }
    const index = spec.target.indexes.find(({ method, columns }) =>
      method === "btree" && columns.includes(name)
    );
    if (index !== undefined) {
      throw unusable(spec, `"${name}" is ${type.sql}, which btree cannot index`, {
        hint: "Name another method for the index, such as gist or gin",
      });
    }
  }
}

/** The type of a column cannot be used. */
export function unusable(spec: PipelineSpec, what: string, options: { hint: string }): SluiceError {
  return new SluiceError("plan/unusable_type", `${spec.file}: column ${what}`, options);
}
