import { type XlsxCell, xlsxOf } from "../xlsx_writer.ts";

/** A value as a table has it: a text, null, or JSON that a `json` column keeps. */
export type Value = string | null | { readonly json: string };

/** One way to write the table that every format must read alike. */
export interface Writer {
  /** What the tests are called. */
  readonly name: string;
  /** As `source.format` has it for such a table. */
  format(names: readonly string[]): string;
  readonly file: string;
  /** The first line, which names the fields; left out: there is none. */
  header?(names: readonly string[]): string;
  /** A row without a line end. */
  record(names: readonly string[], row: readonly Value[], at: number): string;
  /** What stands around all records, and between two, beside a line end. */
  readonly around?: readonly [before: string, between: string, behind: string];
  /** Whether the format can write a value so that it is read as the same. */
  holds?(value: string): boolean;
  /** A line that is no record, and the code that it is rejected with. */
  readonly broken: readonly (readonly [line: string, code: string])[];
}

/** One of a format that is no text. */
export interface BinaryWriter extends Pick<Writer, "name" | "format" | "file" | "holds"> {
  /** A whole file. */
  bytes(names: readonly string[], rows: readonly (readonly Value[])[]): Uint8Array;
}

export const BINARY_WRITERS: readonly BinaryWriter[] = [{
  name: "xlsx",
  format: () => "xlsx",
  file: "things.xlsx",
  // An empty text is NULL, as an empty cell is.
  holds: (text) => text !== "",
  bytes: (names, rows) =>
    xlsxOf({
      sheets: [{
        name: "Things",
        rows: [names, ...rows.map((row) => row.map(excelCell))],
      }],
    }),
}];

/** Numbers are written as such, so that each of their digits counts. */
function excelCell(value: Value): XlsxCell {
  if (value === null) return null;
  if (typeof value !== "string") return value.json;
  if (value === "true" || value === "false") return value === "true";
  // Excel writes no zeros behind the last decimal.
  return /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/.test(value)
    ? { xml: `<c r="@"><v>${value}</v></c>` }
    : value;
}

/** Lines joined as a file; the first records begin behind `before`. */
export function fileOf(
  writer: Writer,
  names: readonly string[],
  records: readonly string[],
  lineEnd = "\n",
): string {
  const { before, between, behind } = partsOf(writer, names, lineEnd);
  return before + records.join(between) + behind;
}

/** The texts around and between the records of a file. */
export function partsOf(writer: Writer, names: readonly string[], lineEnd: string) {
  const [before, between, behind] = writer.around ?? ["", "", ""];
  const head = writer.header === undefined ? "" : writer.header(names) + lineEnd;
  return {
    before: head + (before === "" ? "" : before + lineEnd),
    between: between + lineEnd,
    behind: behind === "" ? lineEnd : lineEnd + behind + lineEnd,
  };
}

const BROKEN_OBJECTS: Writer["broken"] = [
  ['{"id": NaN}', "malformed_json"],
  ['{"id": 1,}', "malformed_json"],
  ["[1, 2]", "not_an_object"],
  ['"text"', "not_an_object"],
  ['{"id": 1, "id": 2}', "repeated_key"],
  ['{"\\u0069d": 1, "id": 1}', "repeated_key"],
];

/** Characters of each field of fixed width. */
const WIDTH = 60;

export const WRITERS: readonly Writer[] = [
  {
    name: "csv",
    format: () => "csv",
    file: "things.csv",
    header: (names) => names.map(csvField).join(","),
    record: (_names, row) => row.map(csvField).join(","),
    broken: [
      ["1,2", "too_few_fields"],
      [`${",".repeat(40)}`, "too_many_fields"],
      ['"a"b,1', "text_after_quote"],
    ],
  },
  {
    name: "csv with a long delimiter",
    format: () => '{ type: csv, delimiter: "||" }',
    file: "things.csv",
    header: (names) => names.map(csvField).join("||"),
    record: (_names, row) => row.map(csvField).join("||"),
    broken: [
      ["1||2", "too_few_fields"],
      ["1|2", "too_few_fields"],
      ["||".repeat(40), "too_many_fields"],
      ['"a"b||1', "text_after_quote"],
      ['"a"|x||1', "text_after_quote"],
    ],
  },
  {
    name: "tsv",
    format: () => "tsv",
    file: "things.tsv",
    header: (names) => names.map(csvField).join("\t"),
    record: (_names, row) => row.map(csvField).join("\t"),
    broken: [["1\t2", "too_few_fields"], ['"a"b\t1', "text_after_quote"]],
  },
  {
    name: "copy",
    format: () => "{ type: copy, header: true }",
    file: "things.txt",
    header: (names) => names.map(copyField).join("\t"),
    record: (_names, row) => row.map(copyField).join("\t"),
    broken: [["1\t2", "too_few_fields"], ["\t".repeat(40), "too_many_fields"]],
  },
  {
    name: "fixed",
    format: (names) => `{ type: fixed, widths: { ${names.map((name) => `${name}: ${WIDTH}`)} } }`,
    file: "things.txt",
    record: (_names, row) => row.map(fixedField).join(""),
    holds: (text) => text.trim() === text && !/^$|[\t\n]/.test(text),
    broken: [
      ["1    2", "line_too_short"],
      [`${"1".padEnd(WIDTH * 17)}x`, "line_too_long"],
      ["1\t2".padEnd(WIDTH * 17), "tab_in_line"],
    ],
  },
  {
    name: "ndjson",
    format: () => "ndjson",
    file: "things.jsonl",
    record: jsonObject,
    broken: [
      ['{"id": 1,', "malformed_json"],
      ['{"id": 1} {"id": 2}', "malformed_json"],
      ...BROKEN_OBJECTS,
    ],
  },
  {
    name: "json",
    format: () => "json",
    file: "things.json",
    record: jsonObject,
    around: ["[", ",", "]"],
    broken: BROKEN_OBJECTS,
  },
  {
    name: "json within a document",
    format: () => '{ type: json, path: "$.data[0].items" }',
    file: "things.json",
    record: jsonObject,
    around: ['{"n": [1, {}], "data": [{"items": [', ",", ']}, {"items": []}]}'],
    broken: BROKEN_OBJECTS,
  },
];

function jsonObject(names: readonly string[], row: readonly Value[], at: number): string {
  const members = names.flatMap((name, c) => {
    const value = row[c];
    // NULL is null, and every other one a key that is not there.
    if (value === null && (at + c) % 2 === 0) return [];
    return [`${JSON.stringify(name)}: ${jsonValue(value)}`];
  });
  // No order of keys means anything.
  return `{${(at % 2 === 0 ? members : members.reverse()).join(", ")}}`;
}

function fixedField(value: Value): string {
  const text = value === null ? "" : typeof value === "string" ? value : value.json;
  return text + " ".repeat(WIDTH - [...text].length);
}

function csvField(value: Value): string {
  if (value === null) return "";
  return `"${(typeof value === "string" ? value : value.json).replaceAll('"', '""')}"`;
}

function copyField(value: Value): string {
  if (value === null) return "\\N";
  return (typeof value === "string" ? value : value.json)
    .replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll(
      "\r",
      "\\r",
    );
}

/** Numbers are written as such, so that each of their digits counts. */
function jsonValue(value: Value): string {
  if (value === null) return "null";
  if (typeof value !== "string") return value.json;
  return /^-?(0|[1-9]\d*)(\.\d+)?(e[-+]?\d+)?$|^true$|^false$/.test(value)
    ? value
    : JSON.stringify(value);
}
