import { parse } from "packages/csv-parse-sync.ts";
import type { ColumnSpec, PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { parseDecimal } from "./decimal.ts";

/**
 * What a pipeline should make of its files, worked out the slow and obvious way.
 *
 * Nothing in here comes from the loader but the spec: csv-parse splits, regular expressions decide
 * what is a number, sums are exact.
 */
export interface ExpectedLoad {
  read: number;
  loaded: number;
  duplicates: number;
  /** By the name of the first bad column; `""` where the record as a whole is wrong. */
  readonly rejects: Record<string, number>;
  readonly columns: Record<string, ExpectedColumn>;
}

/** What can be asked of Postgres by one aggregate each; null where it means nothing for the type. */
export interface ExpectedColumn {
  nulls: number;
  /** Exact, in units of {@link parseDecimal}; true counts as one. */
  sum: bigint | null;
  /** Dates and timestamps. */
  min: string | null;
  max: string | null;
  /** Bytes of all texts together. */
  bytes: number | null;
}

/** Adds a file to what was expected so far; duplicates are looked for inside one file. */
export function expectFile(spec: PipelineSpec, bytes: Uint8Array, expected: ExpectedLoad): void {
  const { header, records } = readRecords(spec, new TextDecoder().decode(bytes));
  const keys = new Set<string>();
  for (const record of records) {
    expected.read++;
    const row = readRow(spec, header, record);
    if (typeof row === "string") {
      expected.rejects[row] = (expected.rejects[row] ?? 0) + 1;
      continue;
    }
    if (spec.idempotencyKey.length > 0) {
      const key = JSON.stringify(spec.idempotencyKey.map((name) => row.get(name)));
      if (keys.has(key)) {
        expected.duplicates++;
        continue;
      }
      keys.add(key);
    }
    expected.loaded++;
    for (const column of spec.columns) {
      add(expected.columns[column.name], column, row.get(column.name)!);
    }
  }
}

/** Nothing read yet. */
export function expectNothing(spec: PipelineSpec): ExpectedLoad {
  const columns: Record<string, ExpectedColumn> = {};
  for (const { name } of spec.columns) {
    columns[name] = { nulls: 0, sum: null, min: null, max: null, bytes: null };
  }
  return { read: 0, loaded: 0, duplicates: 0, rejects: {}, columns };
}

interface Field {
  readonly text: string;
  readonly quoted: boolean;
}

function readRecords(
  { source: { format }, columns }: PipelineSpec,
  text: string,
): { header: string[]; records: (Field | null)[][] } {
  if (format.type === "ndjson") return readJsonLines(columns, text);
  if (format.type !== "csv") throw new Error(`${format.type} is no text`);
  const quotes = format.quote !== null && text.includes(format.quote);
  const records = parse(text, {
    delimiter: format.delimiter,
    quote: format.quote,
    escape: format.escape,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    skip_empty_lines: false,
    cast: quotes ? (text, { quoting }) => ({ text, quoted: quoting }) : false,
  }) as unknown as (string | Field)[][];
  const fields = records.map((record) =>
    record.map((field) => typeof field === "string" ? { text: field, quoted: false } : field)
  );
  return format.header
    ? { header: fields[0].map(({ text }) => text), records: fields.slice(1) }
    : { header: columns.map(({ from }) => from), records: fields };
}

/** The columns are the header; null stands for null and for a key that is not there. */
function readJsonLines(
  columns: PipelineSpec["columns"],
  text: string,
): { header: string[]; records: (Field | null)[][] } {
  const header = columns.map(({ from }) => from);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return { header, records: lines.map((line) => readJsonLine(header, line)) };
}

/** No fields where the line is no object. */
function readJsonLine(header: readonly string[], line: string): (Field | null)[] {
  let record: unknown;
  try {
    // A number is its text, and an object written by the same rules as it came.
    record = JSON.parse(
      line,
      (_key, value, context?: { source?: string }) =>
        typeof value === "number" ? { number: context!.source! } : value,
    );
  } catch {
    return [];
  }
  if (typeof record !== "object" || record === null || Array.isArray(record)) return [];
  return header.map((name) => {
    const value = (record as Record<string, unknown>)[name];
    if (value === undefined || value === null) return null;
    if (typeof value === "string") return { text: value, quoted: false };
    if (typeof value === "object" && "number" in value) {
      return { text: String(value.number), quoted: false };
    }
    return { text: JSON.stringify(value), quoted: false };
  });
}

/** Canonical values by column, or the name of the column that is wrong. */
function readRow(
  spec: PipelineSpec,
  header: readonly string[],
  record: readonly (Field | null)[],
): Map<string, string | null> | string {
  if (record.length !== header.length) return "";
  const row = new Map<string, string | null>();
  for (const column of spec.columns) {
    const at = [column.from, ...column.aliases].map((name) => header.indexOf(name))
      .find((found) => found >= 0);
    // The file may do without it, where the contract says so.
    const field = at === undefined ? null : record[at];
    const nulls = column.options.null_values ?? spec.source.format.nullValues;
    const isNull = field === null || !field.quoted && nulls.includes(field.text);
    if (isNull && column.required) return column.name;
    const value = isNull ? null : readValue(column, field!.text);
    if (value === undefined) return column.name;
    row.set(column.name, value);
  }
  return row;
}

/** Equal values have equal texts; undefined where the type or a rule refuses the text. */
function readValue({ type, rules, options }: ColumnSpec, text: string): string | undefined {
  if (rules.one_of !== undefined && !rules.one_of.map(String).includes(text)) return undefined;
  switch (type.name) {
    case "smallint":
    case "integer":
    case "bigint": {
      if (!/^[+-]?\d+$/.test(text)) return undefined;
      const limit = 2n ** BigInt({ smallint: 15, integer: 31, bigint: 63 }[type.name]);
      const value = BigInt(text);
      if (value < -limit || value >= limit) return undefined;
      return inLimits(Number(value)) ? String(value) : undefined;
    }
    case "double precision":
      return isDecimal(text) && inLimits(Number(text)) ? String(Number(text)) : undefined;
    case "numeric":
      return isDecimal(text) && inLimits(Number(text)) ? String(parseDecimal(text)) : undefined;
    case "boolean":
      if ((options.true_values ?? ["t", "true"]).includes(text)) return "true";
      return (options.false_values ?? ["f", "false"]).includes(text) ? "false" : undefined;
    case "date":
      return isTime(text, "00:00:00") ? text : undefined;
    case "timestamp":
      return isTime(...text.split(" ")) ? text : undefined;
    case "varchar":
      return [...text].length <= (type.length ?? Infinity) ? text : undefined;
    default:
      return text;
  }

  function inLimits(value: number): boolean {
    return value >= Number(rules.min ?? -Infinity) && value <= Number(rules.max ?? Infinity);
  }
}

function isDecimal(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);
}

/** Written by Date.parse from the same text, a day or an hour that does not exist comes out changed. */
function isTime(date = "", time = ""): boolean {
  const parsed = new Date(`${date}T${time}Z`);
  return !Number.isNaN(parsed.getTime()) &&
    parsed.toISOString().slice(0, 19) === `${date}T${time}`;
}

function add(into: ExpectedColumn, { type }: ColumnSpec, value: string | null): void {
  if (value === null) {
    into.nulls++;
    return;
  }
  switch (type.name) {
    case "smallint":
    case "integer":
    case "bigint":
    case "double precision":
      into.sum = (into.sum ?? 0n) + parseDecimal(value);
      break;
    case "numeric":
      into.sum = (into.sum ?? 0n) + BigInt(value);
      break;
    case "boolean":
      into.sum = (into.sum ?? 0n) + (value === "true" ? parseDecimal("1") : 0n);
      break;
    case "date":
    case "timestamp":
      if (into.min === null || value < into.min) into.min = value;
      if (into.max === null || value > into.max) into.max = value;
      break;
    case "text":
    case "varchar":
      into.bytes = (into.bytes ?? 0) + new TextEncoder().encode(value).length;
      break;
  }
}
