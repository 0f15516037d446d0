import { expect } from "packages/expect.ts";
import { eachKey } from "../../src/spec/keys.ts";
import { edited, load, MONTHS } from "./support.ts";

const PIPELINES = new URL("../../pipelines/", import.meta.url);
const RECORDED: Readonly<Record<string, string>> = JSON.parse(
  Deno.readTextFileSync(new URL("hashes.json", import.meta.url)),
);

const format = (text: string) => edited(["format: csv", `format: ${text}`]);
const column = (text: string) => edited(["{ type: text }", text]);
const whole = edited(
  ["partitions:\n  by: month\n  from: 2021-01\n  to: 2021-03\n", ""],
  ["_{month}", ""],
  ["  partition_column: file_month\n", ""],
  ["mode: partition", "mode: full"],
);
const history = (text: string) => whole.replace("mode: full", text);

/** Specs whose hash is recorded: a table in the ledger loads again when its hash changes. */
const SPECS: Readonly<Record<string, string>> = {
  months: MONTHS,
  whole,
  "no defaults":
    `pipeline: a\nsource: { url: a.csv }\ntarget: { table: a }\ncolumns: { id: text }\n`,
  ndjson: format("ndjson"),
  "ndjson options": format("{ type: ndjson, null_values: [x, 1], trim: true }"),
  json: format("json"),
  "json options": format('{ type: json, path: "$.a[0]", trim: true }'),
  "fixed": format("{ type: fixed, widths: { id: 3, at: 4, note: 9 } }"),
  "fixed positions": format('{ type: fixed, positions: { note: "9-", at: "4-8", id: 1 } }'),
  "xlsx": format("xlsx"),
  "xlsx options": format("{ type: xlsx, sheet: Data, header_row: 3, merged_cells: fill }"),
  "csv mapping": format("{ type: csv }"),
  "csv characters": format(
    `{ type: csv, delimiter: ";", quote: "'", escape: "\\\\", comment: "#" }`,
  ),
  "csv without quotes": format("{ type: csv, quote: null }"),
  "csv lines": format("{ type: csv, header: false, skip_lines: 3, max_record_bytes: 2048 }"),
  "csv texts": format("{ type: csv, null_values: [01, NA], trim: true, encoding: UTF-8 }"),
  "csv empty records": format("{ type: csv, skip_empty_records: true }"),
  "csv full records": format("{ type: csv, skip_empty_records: false }"),
  gzip: edited(["format: csv", "compression: gzip"]),
  "not of rows": edited(
    ["format: csv", "retries: 1\n  timeout: 5m\n  headers: { a: b }"],
    ["  indexes", "  versions: 9\n  shared: true\n  indexes"],
    ["  to: 2021-03", "  to: 2021-04\n  concurrency: 3\n  missing: pending"],
  ),
  target: edited(
    ["[[id]]", "[[id], [note, id], { columns: [at], method: brin }]\n  lineage: true"],
    ["taxi.trips", "trips"],
  ),
  "renamed column": column("{ type: text, from: Note }"),
  "aliases": column("{ type: text, from: [Note, 01, note_text] }"),
  "rules of a text": column("{ type: varchar(9), max_length: 5, pattern: a, one_of: [1.0, b] }"),
  "limits": column("{ type: 'numeric(10,2)', min: 1.10, max: 99, default: 01, required: true }"),
  "numbers": column("{ type: numeric, thousands: '.', decimal: ',', trim: true }"),
  "times": column("{ type: timestamptz, format: dd/MM/yyyy, timezone: Europe/Paris }"),
  "booleans": column("{ type: boolean, true_values: [1, y], false_values: [0, n] }"),
  "nulls": column("{ type: text, null_values: [], empty_as_null: true, trim: false }"),
  "rules": `${MONTHS}rules:
  a: id > 0
  b: { check: "at >= {month:start}", on_fail: warn, limit: 1% }
  c: { check: id < 9, on_fail: fail }
`,
  "duplicates": edited(["[id]\ncol", "[id, at]\non_duplicate: keep_last\ncol"]),
  "no key": edited(["idempotency_key: [id]\n", ""]),
  "contract": `${MONTHS}schema_contract: { new_columns: evolve }\n`,
  "whole contract":
    `${MONTHS}schema_contract: { missing_columns: evolve, type_changes: discard_value }\n`,
  "upsert": history("mode: upsert"),
  "append": history("mode: append"),
  "history": history("mode: history\n  hard_deletes: ignore"),
  "history that closes": history("mode: history\n  hard_deletes: invalidate"),
  "empty": history("mode: full\n  allow_empty: true"),
  "list": edited(
    ["by: month\n  from: 2021-01\n  to: 2021-03", "by: list\n  values: [a, 01]"],
    ["{month}", "{partition}"],
  ),
  "told": `${MONTHS}checks: [{ row_count: { min: 1 } }]
verify: full
rejects: { limit: 1%, keep_days: 3 }
schedule: { cron: "@daily" }
expect: { duration: 5m }
notify: [{ on: [failure], webhook: "https://example.org" }]
description: what it loads
`,
};

for (const [name, text] of Object.entries(SPECS)) {
  Deno.test(`the hash of a spec stays as it was recorded: ${name}`, () => {
    expect(hashOf(text)).toBe(RECORDED[name]);
  });
}

Deno.test("the hashes of the pipelines stay as they were recorded", () => {
  const recorded = Object.entries(RECORDED).filter(([name]) => name.endsWith(".yaml"));
  expect(recorded.length).toBeGreaterThan(0);
  for (const [name, hash] of recorded) {
    expect([name, hashOf(Deno.readTextFileSync(new URL(name, PIPELINES)))]).toEqual([name, hash]);
  }
});

/** Keys whose default the schema does not have, each said and left out. */
const LEFT_OUT: Readonly<Record<string, readonly [string, string]>> = {
  on_duplicate: [MONTHS, `${MONTHS}on_duplicate: reject\n`],
  "refresh.hard_deletes": [history("mode: history"), SPECS.history],
  "refresh.allow_empty": [whole, history("mode: full\n  allow_empty: false")],
  "source.format.skip_empty_records": [SPECS["csv mapping"], SPECS["csv full records"]],
  ...Object.fromEntries(
    Object.entries({
      skip_after_header: "0",
      skip_repeated_headers: "false",
      skip_footer: "0",
      end_pattern: "null",
      fields: "null",
      unnamed_fields: "null",
      pad_short_records: "false",
      drop_empty_surplus: "false",
      blanks_around_quotes: "false",
      quoted_nulls: "false",
      backslash_escapes: "false",
    }).map(([key, value]) => [
      `source.format.${key}`,
      [SPECS["csv mapping"], format(`{ type: csv, ${key}: ${value} }`)] as const,
    ]),
  ),
  "partitions.timezone": [MONTHS, edited(["by: month", "by: month\n  timezone: UTC"])],
  "checks.<n>.freshness.timezone": [fresh(""), fresh(", timezone: UTC")],
};

/** A check of the age of the newest value, with more options. */
function fresh(more: string): string {
  const check = `checks: [{ freshness: { column: day, max_age: 2d${more} } }]\n`;
  return edited(["columns:", `${check}columns:\n  day: date`]);
}

Deno.test("to say what leaving a key out means changes no hash", () => {
  eachKey(({ meta }, path) => {
    if (meta.leftOut === undefined || /^(columns|notify)$/.test(path[0])) return;
    expect([path.join("."), LEFT_OUT[path.join(".")]]).not.toEqual([path.join("."), undefined]);
  });
  for (const [key, [without, said]] of Object.entries(LEFT_OUT)) {
    expect([key, without === said]).toEqual([key, false]);
    expect([key, hashOf(said)]).toEqual([key, hashOf(without)]);
  }
});

function hashOf(text: string): string {
  const { spec, diagnostics } = load(text);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return spec!.hash;
}

Deno.test("the order of fixed widths is part of the hash", () => {
  const hash = (options: string) => hashOf(format(`{ type: fixed, ${options} }`));
  expect(hash("widths: { id: 3, at: 3 }")).not.toBe(hash("widths: { at: 3, id: 3 }"));
  expect(hash("positions: { id: 1, at: 3 }")).not.toBe(hash("positions: { id: 3, at: 1 }"));
});
