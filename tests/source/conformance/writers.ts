/** A value as a table has it: a text, null, or JSON that a `json` column keeps. */
export type Value = string | null | { readonly json: string };

/** One way to write the table that every format must read alike. */
export interface Writer {
  /** As `source.format` has it. */
  readonly format: string;
  readonly file: string;
  /** A whole file. */
  write(names: readonly string[], rows: readonly (readonly Value[])[]): string;
  /** A line that is no record, and the code that it is rejected with. */
  readonly broken: readonly (readonly [line: string, code: string])[];
}

export const WRITERS: readonly Writer[] = [
  {
    format: "csv",
    file: "things.csv",
    write: (names, rows) =>
      [names, ...rows].map((row) => row.map(csvField).join(",") + "\n").join(""),
    broken: [
      ["1,2", "too_few_fields"],
      [`${",".repeat(40)}`, "too_many_fields"],
      ['"a"b,1', "text_after_quote"],
    ],
  },
  {
    format: "tsv",
    file: "things.tsv",
    write: (names, rows) =>
      [names, ...rows].map((row) => row.map(csvField).join("\t") + "\n").join(""),
    broken: [["1\t2", "too_few_fields"], ['"a"b\t1', "text_after_quote"]],
  },
  {
    format: "{ type: copy, header: true }",
    file: "things.txt",
    write: (names, rows) =>
      [names, ...rows].map((row) => row.map(copyField).join("\t") + "\n").join(""),
    broken: [["1\t2", "too_few_fields"], ["\t".repeat(40), "too_many_fields"]],
  },
  {
    format: "ndjson",
    file: "things.jsonl",
    write: (names, rows) =>
      rows.map((row, r) => {
        const members = names.flatMap((name, c) => {
          const value = row[c];
          // NULL is null, and every other one a key that is not there.
          if (value === null && (r + c) % 2 === 0) return [];
          return [`${JSON.stringify(name)}: ${jsonValue(value)}`];
        });
        // No order of keys means anything.
        return `{${(r % 2 === 0 ? members : members.reverse()).join(", ")}}\n`;
      }).join(""),
    broken: [
      ['{"id": 1,', "malformed_json"],
      ['{"id": NaN}', "malformed_json"],
      ['{"id": 1} {"id": 2}', "malformed_json"],
      ["[1, 2]", "not_an_object"],
      ['"text"', "not_an_object"],
      ['{"id": 1, "id": 2}', "repeated_key"],
      ['{"\\u0069d": 1, "id": 1}', "repeated_key"],
    ],
  },
];

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
