import { SluiceError } from "../core/error.ts";
import { parseTypeName, type TypeName } from "../core/type_name.ts";
import type { TableInfo } from "../db/catalog/catalog.ts";
import type { Database } from "../db/database.ts";
import { isAbout } from "../db/sqlstate.ts";
import {
  findTypes,
  type FoundName,
  printModified,
  readTypes,
  type TypeInfo,
} from "../db/type_info.ts";
import {
  requireOrdered,
  serverType,
  type TableTypes,
  tableTypes,
  unreadColumns,
  unusable,
} from "../plan/server_types.ts";
import type { ColumnSpec, PipelineSpec, ServerType } from "../spec/pipeline_spec.ts";

/** A column whose type is looked up. */
interface Named {
  readonly column: ColumnSpec;
  readonly type: TypeName;
}

/**
 * Looks up, once, the types that only Postgres knows: from here on they have their schema, and no
 * path decides what they are.
 *
 * @throws SluiceError `plan/unknown_type`, `plan/unusable_type`
 */
export async function resolveTypes(spec: PipelineSpec, db: Database): Promise<PipelineSpec> {
  const all = [...spec.columns, ...spec.passing ?? []];
  const named = all.flatMap((column): Named[] => {
    if (column.type.name !== "other" || column.type.found !== undefined) return [];
    const type = parseTypeName(column.type.sql);
    if (type === null) throw new Error(`Type ${column.type.sql} was taken for one`);
    return [{ column, type }];
  });
  if (named.length === 0) return spec;
  const found = await findTypes(db, named.map(({ type }) => type));
  const oids = named.map((each, at) => requireFound(spec, each, found[at]));
  const infos = await readTypes(db, oids);
  const types = new Map<string, ServerType>();
  for (const [at, { column, type }] of named.entries()) {
    const info = infos.get(oids[at]);
    if (info === undefined || !info.usable) {
      throw unusable(spec, `"${column.name}": no value can be of type ${type.base}`, {
        hint: "Name the type of the values themselves",
      });
    }
    types.set(column.name, await modified(spec, column, type, info, db));
  }
  const typed = (column: ColumnSpec) => ({
    ...column,
    type: types.get(column.name) ?? column.type,
  });
  const { columns, passing } = spec;
  const resolved = {
    ...spec,
    columns: columns.map(typed),
    ...(passing === undefined ? {} : { passing: passing.map(typed) }),
  };
  requireOrdered(resolved);
  return resolved;
}

/** The types of a table's columns that have no encoder here. */
export async function readTableTypes(table: TableInfo | null, db: Database): Promise<TableTypes> {
  if (table === null) return new Map();
  const oids = unreadColumns(table).flatMap(({ typeOid }) => typeOid ?? []);
  return tableTypes(table, await readTypes(db, oids));
}

function requireFound(
  spec: PipelineSpec,
  { column, type }: Named,
  { oid, schemas }: FoundName,
): number {
  if (oid !== null) return oid;
  const several = type.schema === null && schemas.length > 1;
  throw new SluiceError(
    "plan/unknown_type",
    `${spec.file}: column "${column.name}": ` +
      (several
        ? `there is a type ${type.base} in each of the schemas ${schemas.join(", ")}`
        : `there is no type ${type.base} in the database`),
    {
      hint: several
        ? `Write the schema too, as in "${schemas[0]}.${type.base}"`
        : `Create it first (create type, create domain, create extension), or grant usage on its schema`,
    },
  );
}

async function modified(
  spec: PipelineSpec,
  { name }: ColumnSpec,
  { base, modifiers }: TypeName,
  info: TypeInfo,
  db: Database,
): Promise<ServerType> {
  if (modifiers === null) return serverType(info, info.printed, false);
  if (info.modifierInput === null) {
    throw unusable(spec, `"${name}": ${base} has no modifiers`, {
      hint: `Write ${base} without parentheses`,
    });
  }
  try {
    const printed = await printModified(db, info, modifiers);
    return serverType(info, printed, true);
  } catch (error) {
    if (!(error instanceof SluiceError) || !isAbout(error.postgres?.code, "row")) throw error;
    throw unusable(spec, `"${name}": ${error.message}`, { hint: "Correct the modifiers" });
  }
}
