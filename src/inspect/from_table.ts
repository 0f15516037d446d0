import { columnName } from "../core/column_name.ts";
import { SluiceError } from "../core/error.ts";
import { withArticle } from "../core/format_text.ts";
import type { QualifiedName } from "../core/quote.ts";
import type { ColumnInfo, TableInfo } from "../db/catalog/catalog.ts";
import { sqlType } from "../plan/sql_types.ts";
import { type ColumnType, parseColumnType } from "../spec/column_type.ts";
import type { ProfiledField, SourceProfile } from "./inspect_source.ts";
import { columnText, evidenceOf, formatText, scalar, shown } from "./write_pipeline.ts";
import { quotedText } from "../core/quoted_text.ts";

/** What a pipeline for a table is written from. */
export interface TableRequest {
  readonly pipeline: string;
  readonly table: QualifiedName;
  /** Of the source, as the file has it. */
  readonly url: string;
  /** Left out: the file is still to be named. */
  readonly profile?: SourceProfile;
}

/**
 * The text of a pipeline that adds to a table that others have made: its columns and types, and the
 * fields of a file where it is known.
 *
 * @throws SluiceError `plan/target_not_a_table`
 */
export function pipelineFromTable(request: TableRequest, table: TableInfo): string {
  if (table.kind !== "table" && table.kind !== "partitioned") {
    throw new SluiceError(
      "plan/target_not_a_table",
      `${nameText(request.table)} is ${withArticle(table.kind)}`,
      {
        hint: "Name a table",
      },
    );
  }
  const { profile } = request;
  const key = table.indexes.find(({ primary }) => primary)?.columns ?? [];
  const unused = new Set(profile?.fields ?? []);
  const columns = table.columns.map((column) => {
    const field = fieldOf(column, profile);
    if (field !== undefined) unused.delete(field);
    return columnLine(column, field, profile);
  });
  const loaded = new Set(columns.flatMap(({ loads }, c) => loads ? [table.columns[c].name] : []));
  const hasKey = key.length > 0 && key.every((name) => loaded.has(name));
  const left = [...unused].flatMap(({ name }) => name === null ? [] : [name]);
  const lines = [
    `# The columns are those of ${shown(nameText(request.table))}`,
    `pipeline: ${scalar(request.pipeline)}`,
    "",
    "source:",
    `  url: ${quotedText(request.url)}${profile === undefined ? " # the file to load" : ""}`,
    `  format: ${profile === undefined ? "csv" : formatText(profile.format)}`,
    "",
    "target:",
    `  table: ${scalar(nameText(request.table))}`,
    "",
    `refresh: { mode: ${hasKey ? "upsert" : "append"} }`,
    ...(hasKey
      ? [`idempotency_key: [${key.map(scalar).join(", ")}] # the primary key of the table`]
      : []),
    "",
    ...(left.length === 0 ? [] : [
      `schema_contract: { new_columns: discard_value } # no column for: ${
        shown(left.slice(0, 10).join(", "))
      }${left.length > 10 ? ` and ${left.length - 10} more` : ""}`,
      "",
    ]),
    "columns:",
    ...columns.map(({ line }) => line),
  ];
  return `${lines.join("\n")}\n`;
}

function nameText({ schema, table }: QualifiedName): string {
  return `${schema}.${table}`;
}

/** The field that is called like a column. */
function fieldOf({ name }: ColumnInfo, profile?: SourceProfile): ProfiledField | undefined {
  const fields = profile?.fields ?? [];
  return fields.find((field) => field.name === name) ??
    fields.find((field) => field.name !== null && columnName(field.name) === columnName(name));
}

function columnLine(
  column: ColumnInfo,
  field: ProfiledField | undefined,
  profile: SourceProfile | undefined,
): { readonly line: string; readonly loads: boolean } {
  const type = parseColumnType(column.type);
  const left = (why: string) => ({ line: `  # ${shown(column.name)}: ${why}`, loads: false });
  if (column.generated) return left("Postgres computes it");
  if ("hint" in type) return left(`a value of ${shown(column.fullType)} cannot be loaded yet`);
  if (profile !== undefined && field === undefined) {
    return left(
      column.notNull && column.default === null
        ? `the file has no such field, and ${shown(column.fullType)} not null needs a value`
        : `the file has no such field; ${sqlType(type)}`,
    );
  }
  const required = column.notNull ? ", required: true" : "";
  const from = field === undefined || field.name === column.name ? null : field.name;
  const text = columnText(
    { type: sqlType(type), options: field === undefined ? {} : readingOptions(field, type) },
    from,
  );
  const value = required === ""
    ? text
    : text.startsWith("{")
    ? text.replace(/ \}$/, `${required} }`)
    : `{ type: ${text}${required} }`;
  const evidence = field === undefined ? "" : ` # ${evidenceOf(field, profile!.records)}`;
  return { line: `  ${scalar(column.name)}: ${value}${evidence}`, loads: true };
}

/** Options of a guess that the table's own type takes as well. */
function readingOptions(field: ProfiledField, type: ColumnType): ProfiledField["options"] {
  if (kindOf(field.type) === kindOf(type.name)) return field.options;
  return {};
}

function kindOf(type: string): string {
  if (/^(smallint|integer|bigint|numeric|real|double precision)$/.test(type)) return "number";
  return /^timestamp/.test(type) ? "timestamp" : type;
}
