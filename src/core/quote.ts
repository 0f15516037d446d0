/** A table and the schema it lies in, unquoted. */
export interface QualifiedName {
  readonly schema: string;
  readonly table: string;
}

/** The table that a pipeline file names: `schema.table`, or one in `public`. */
export function qualified(text: string): QualifiedName {
  const [table, schema = "public"] = text.split(".").reverse();
  return { schema, table };
}

/** An SQL identifier, always in double quotes: the only way a name gets into a statement. */
export function quoteIdent(name: string): string {
  if (name.includes("\0")) throw new Error("An SQL identifier cannot hold NUL");
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."table"`. */
export function quoteTable({ schema, table }: QualifiedName): string {
  return `${quoteIdent(schema)}.${quoteIdent(table)}`;
}

/**
 * An SQL string literal, for DDL, where parameters are impossible.
 *
 * A backslash makes it an `E''` literal, which reads the same whatever
 * `standard_conforming_strings` says.
 */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) throw new Error("An SQL literal cannot hold NUL");
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}
