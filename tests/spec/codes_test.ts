import { expect } from "packages/expect.ts";
import { CODES, type SpecCode } from "../../src/spec/codes.ts";
import { edited, load, MONTHS } from "./support.ts";

type Case = readonly [SpecCode, text: string, marked: string];

const HASH = "{ columns: [id, note], method: hash }";
const long = "x".repeat(60);

/** Each code with a file that brings it about, and the text that is marked. */
const CASES: readonly Case[] = [
  ["spec/yaml", "pipeline: [a", ""],
  ["spec/yaml", "a: *none\n", "*none"],
  ["spec/yaml", edited(["note: { type: text }", "__proto__: text"]), "__proto__"],
  ["spec/yaml", `${MONTHS}---\na: b\n`, "---"],
  ["spec/duplicate_key", edited(["refresh:", "pipeline: b\nrefresh:"]), "pipeline"],
  ["spec/unknown_key", edited(["  format: csv", "  fromat: csv\n  format: csv"]), "fromat"],
  ["spec/unknown_key", edited(["type: text", "type: text, tpye: text"]), "tpye"],
  ["spec/missing_key", edited(["  table: taxi.trips\n", ""]), "target"],
  ["spec/missing_key", edited(["  to: 2021-03\n", ""]), "partitions"],
  ["spec/missing_key", edited(["{ type: text }", "{ required: true }"]), "note"],
  ["spec/wrong_type", edited(["required: true", "required: 7"]), "7"],
  ["spec/wrong_type", "- a\n", "- a"],
  ["spec/wrong_type", edited(["{ type: text }", "[text]"]), "[text]"],
  ["spec/wrong_value", edited(["by: month", "by: mnth"]), "mnth"],
  ["spec/wrong_value", edited(["[id]\ncol", "[id]\nrejects: { limit: lots }\ncol"]), "lots"],
  ["spec/not_available_yet", edited(["format: csv", "format: csv\n  compression: lz4"]), "lz4"],
  ["spec/not_available_yet", edited(["{base}/", "ftp://b/"]), '"ftp://b/trips_{month}.csv.gz"'],
  ["spec/wrong_value", edited(["{base}/", "abfss://b/"]), '"abfss://b/trips_{month}.csv.gz"'],
  ["spec/not_available_yet", edited(["../data", "ftp://b"]), '"{base}/trips_{month}.csv.gz"'],
  ["spec/unknown_type", edited(["type: text", "type: txet"]), "txet"],
  ["spec/bad_path", edited(["format: csv", "format: { type: json, path: items }"]), "items"],
  ["spec/bad_name", edited(["pipeline: trips", "pipeline: a b"]), "a b"],
  ["spec/bad_name", edited(["taxi.trips", "a.taxi.trips"]), "a.taxi.trips"],
  ["spec/bad_name", edited(["taxi.trips", "pg_temp.trips"]), "pg_temp.trips"],
  ["spec/bad_name", edited(["file_month", "ctid"]), "ctid"],
  ["spec/bad_name", edited(["{ base: ../data }", "{ base: ../data, year: x }"]), "year"],
  ["spec/bad_name", edited(["format: csv", "headers: { a b: x }"]), "a b"],
  ["spec/bad_name", edited(["note:", "ctid:"]), "ctid"],
  ["spec/unknown_variable", edited(["{base}", "{bse}"]), "{bse}"],
  ["spec/unknown_variable", edited(["{base}", "{Base2}"]), "{Base2}"],
  ["spec/unknown_variable", edited(["{base}", "{ base }"]), "{ base }"],
  ["spec/unknown_variable", edited(["../data", "'{root}/data'"]), "{root}"],
  ["spec/unset_variable", edited(["{base}", "${HOST_X}"]), "${HOST_X}"],
  ["spec/unset_variable", edited(["../data", "'https://${HOST_X}'"]), "${HOST_X}"],
  ["spec/unset_variable", edited(["format: csv", "headers: { A: 'b ${C_X}' }"]), "${C_X}"],
  ["spec/forbidden_variable", edited(["{base}", "${PGHOST}"]), "${PGHOST}"],
  ["spec/unknown_column", edited(["idempotency_key: [id]", "idempotency_key: [idd]"]), "idd"],
  ["spec/unknown_column", edited(["[[id]]", "[[nte]]"]), "nte"],
  ["spec/shared_field", edited(["type: text", "type: text, from: id"]), "id"],
  ["spec/name_clash", edited(["note:", "_sluice_note:"]), "_sluice_note"],
  ["spec/name_clash", edited(["[[id]]", "[[id], [id]]"]), "[id]"],
  [
    "spec/name_clash",
    edited(["[[id]]", "[[id]]\n  lineage: true"], ["note:", "_run_id:"]),
    "_run_id",
  ],
  [
    "spec/name_clash",
    edited(["  partition_column: file_month\n", ""], ["note:", "_partition:"]),
    "_partition",
  ],
  ["spec/name_too_long", edited(["note:", `${long}xxxx:`]), `${long}xxxx`],
  ["spec/name_too_long", edited(["taxi.trips", `taxi.${long}`]), `taxi.${long}`],
  ["spec/bad_index", edited(["type: bigint", "type: json"], ["[[id]]", "[]"]), "id"],
  ["spec/bad_index", edited(["[[id]]", "[{ columns: [id, note], method: hash }]"]), HASH],
  ["spec/bad_index", edited(["[[id]]", "[[note]]"], ["type: text", "type: json"]), "note"],
  ["spec/missing_placeholder", edited(["_{month}", ""]), '"{base}/trips.csv.gz"'],
  ["spec/missing_placeholder", edited(["{month}", "{quarter}"]), '"{base}/trips_{quarter}.csv.gz"'],
  [
    "spec/missing_placeholder",
    edited(["{month}", "{month:MM}"], ["to: 2021-03", "to: current"]),
    '"{base}/trips_{month:MM}.csv.gz"',
  ],
  ["spec/bad_placeholder", edited(["_{month}", "_{day}"]), "{day}"],
  ["spec/bad_placeholder", edited(["_{month}", "_{month:HH}"]), "{month:HH}"],
  ["spec/contradiction", edited(["mode: partition", "mode: full"]), "full"],
  [
    "spec/bad_placeholder",
    edited(["refresh:", "rules: { a: 'at >= {moth:start}' }\nrefresh:"]),
    "{moth:start}",
  ],
  [
    "spec/shared_field",
    edited(["note: { type: text }", "note: { type: text, from: [note, id] }"]),
    "[note, id]",
  ],
  [
    "spec/contradiction",
    edited(["mode: partition", "mode: upsert"], ["idempotency_key: [id]", ""]),
    "upsert",
  ],
  [
    "spec/contradiction",
    edited(["mode: partition", "mode: partition\n  hard_deletes: ignore"]),
    "hard_deletes",
  ],
  [
    "spec/contradiction",
    edited(["mode: partition", "mode: append\n  allow_empty: true"]),
    "allow_empty",
  ],
  [
    "spec/name_clash",
    edited(["mode: partition", "mode: history"], ["  note:", "  _current: boolean\n  note:"]),
    "_current",
  ],
  [
    "spec/name_clash",
    edited(["mode: partition", "mode: history"], ["file_month", "_valid_to"]),
    "_valid_to",
  ],
  [
    "spec/bad_index",
    edited(["mode: partition", "mode: history"], [
      "[[id]]",
      "[{ columns: [_current], method: brin }]",
    ]),
    "_current",
  ],
  ["spec/contradiction", edited(["idempotency_key: [id]", "on_duplicate: fail"]), "on_duplicate"],
  ["spec/bad_partition", edited(["2021-03", "2021-13"]), "2021-13"],
  ["spec/empty_range", edited(["2021-03", "2020-03"]), "2021-01"],
  [
    "spec/bad_list",
    edited(["by: month\n  from: 2021-01\n  to: 2021-03", "by: list\n  values: [a, b, a]"], [
      "{month}",
      "{partition}",
    ]),
    "a",
  ],
  ["spec/bad_partition_column", edited(["file_month", "note"]), "note"],
  ["spec/bad_partition_column", edited(["file_month", "at"]), "at"],
  ["spec/unsuitable_rule", edited(["type: text", "type: text, min: 1"]), "min"],
  ["spec/unsuitable_rule", edited(["type: text", "type: text, timezone: UTC"]), "timezone"],
  ["spec/bad_rule_value", edited(["type: bigint", "type: bigint, min: low"]), "low"],
  ["spec/bad_rule_value", edited(["type: bigint", "type: smallint, max: 40000"]), "40000"],
  ["spec/bad_rule_value", edited(["type: text", "type: varchar(2), default: abc"]), "abc"],
  ["spec/bad_rule_value", edited(["type: text", "type: boolean, default: maybe"]), "maybe"],
  ["spec/bad_rule_value", edited(["type: text", "type: jsonb, default: '{'"]), "'{'"],
  ["spec/bad_limits", edited(["type: bigint", "type: bigint, min: 9, max: 1"]), "9"],
  ["spec/bad_pattern", edited(["type: text", "type: text, pattern: '['"]), "'['"],
  ["spec/unsupported_pattern", edited(["type: text", "type: text, pattern: '(?=a)'"]), "'(?=a)'"],
  [
    "spec/bad_sql",
    edited(["columns:", "rules: { a: 'true) or (true' }\ncolumns:"]),
    "'true) or (true'",
  ],
  [
    "spec/bad_sql",
    edited([
      "columns:",
      "checks: [{ sql: { name: a, query: 'select 1; select 2', expect: 1 } }]\ncolumns:",
    ]),
    "'select 1; select 2'",
  ],
  [
    "spec/bad_csv_option",
    edited(["format: csv", "format: { type: csv, escape: '#', comment: '#' }"]),
    "'#'",
  ],
  ...([
    ["quote: ab", "ab"],
    ["delimiter: ''", "''"],
    [`delimiter: "a\\n"`, '"a\\n"'],
    ["delimiter: '\\t'", "'\\t'"],
    [`delimiter: ${"ab".repeat(17)}`, "ab".repeat(17)],
    ["delimiter: '€', encoding: latin-1", "'€'"],
    [`quote: "'", delimiter: "|'|"`, `"'"`],
    [`comment: '|', delimiter: '||'`, `'|'`],
  ] as const).map(([options, at]) =>
    [
      "spec/bad_csv_option",
      edited(["format: csv", `format: { type: csv, ${options} }`]),
      at,
    ] as const
  ),
  ...([
    ["spec/bad_pattern", "end_pattern: '('", "'('"],
    ["spec/unsupported_pattern", "end_pattern: '(?=a)'", "'(?=a)'"],
    ["spec/contradiction", "fields: 3", "3"],
    ["spec/contradiction", "header: false, unnamed_fields: last", "last"],
    ["spec/contradiction", "header: false, skip_after_header: 7", "7"],
    ["spec/contradiction", "header: false, skip_repeated_headers: true", "true"],
    ["spec/contradiction", "quote: null, blanks_around_quotes: true", "true"],
    ["spec/contradiction", "backslash_escapes: true", "true"],
    ["spec/bad_csv_option", "quote: null, backslash_escapes: true, comment: '\\'", "true"],
  ] as const).map(([code, options, at]) =>
    [code, edited(["format: csv", `format: { type: csv, ${options} }`]), at] as const
  ),
  [
    "spec/bad_schedule",
    edited(["columns:", 'schedule: { cron: "0 25 * * *" }\ncolumns:']),
    '"0 25 * * *"',
  ],
  [
    "spec/bad_schedule",
    edited(["columns:", "schedule: { cron: '@daily', timezone: Mars/X }\ncolumns:"]),
    "Mars/X",
  ],
  [
    "spec/bad_timezone",
    edited(["type: timestamptz", "type: timestamptz, timezone: Mars/X"]),
    "Mars/X",
  ],
  [
    "spec/bad_date_format",
    edited(["type: timestamptz", "type: timestamptz, format: jj.MM"]),
    "jj.MM",
  ],
];

for (const [code, text, marked] of CASES) {
  Deno.test(`${code} marks ${JSON.stringify(marked)}`, () => {
    const { spec, diagnostics } = load(text, { opensSource: true });
    expect(spec).toBeNull();
    expect(diagnostics.length).toBeGreaterThan(0);
    const found = diagnostics.filter((diagnostic) => diagnostic.code === code);
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual(
      found.map(({ code, message }) => `${code}: ${message}`),
    );
    if (marked === "") return;
    const [{ start, end, source }] = found;
    expect(text.slice(start.offset, end.offset)).toBe(marked);
    expect(source).toBe(text.split("\n")[start.line - 1]);
  });
}

Deno.test("spec/unknown_environment lists those that there are", () => {
  const { diagnostics } = load(MONTHS, { environment: "liv" });
  expect(diagnostics.map(({ code }) => code)).toEqual(["spec/unknown_environment"]);
  expect(diagnostics[0].hint).toBe('Did you mean "live"?');
});

Deno.test("spec/command_not_allowed is a warning, at the program", () => {
  const text = edited(["refresh:", "notify: [{ on: [failure], command: [pager, now] }]\nrefresh:"]);
  const { spec, diagnostics } = load(text, { allowedCommands: ["page"] });
  expect(spec).not.toBeNull();
  expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
    ["spec/command_not_allowed", "warning"],
  ]);
  const [{ start, end }] = diagnostics;
  expect(text.slice(start.offset, end.offset)).toBe("pager");
  expect(load(text, { allowedCommands: ["pager"] }).diagnostics).toEqual([]);
  expect(load(text).diagnostics).toEqual([]);
});

Deno.test("every code has a test and a section in docs/errors.md", () => {
  const docs = Deno.readTextFileSync(new URL("../../docs/errors.md", import.meta.url));
  const tested = new Set<string>([
    ...CASES.map(([code]) => code),
    "spec/unknown_environment",
    "spec/command_not_allowed",
  ]);
  expect([...tested].sort()).toEqual(Object.keys(CODES).sort());
  const documented = [...docs.matchAll(/^### (spec\/\w+)$/gm)].map((match) => match[1]);
  expect(documented.sort()).toEqual(Object.keys(CODES).sort());
});
