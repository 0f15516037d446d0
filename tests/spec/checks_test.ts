import { expect } from "packages/expect.ts";
import type { CheckSpec } from "../../src/spec/pipeline_spec.ts";
import { CHECKS } from "../../src/spec/schema/checks/mod.ts";
import { edited, load } from "./support.ts";

/** The small pipeline with checks, each on a line of its own from line 26. */
function withChecks(lines: readonly string[], ...edits: [string, string][]): string {
  return `${edited(...edits)}checks:\n${lines.map((line) => `  - ${line}\n`).join("")}`;
}

function checksOf(lines: readonly string[], ...edits: [string, string][]): readonly CheckSpec[] {
  const { spec, diagnostics } = load(withChecks(lines, ...edits));
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  return spec!.checks;
}

function messages(lines: readonly string[], ...edits: [string, string][]): string[] {
  return load(withChecks(lines, ...edits)).diagnostics
    .map(({ start, code, message }) => `${start.line} ${code} ${message}`);
}

const base = { severity: "error", line: 26 } as const;

/** Each kind as the file writes it, and what becomes of it. */
const KINDS: readonly (readonly [string, CheckSpec])[] = [
  ["row_count: { min: 10, change: 50% }", {
    ...base,
    kind: "row_count",
    name: "row_count",
    min: 10,
    max: null,
    equals: null,
    change: 50,
    window: null,
  }],
  ["row_count: { change: 150.5 %, window: 7, severity: warn }", {
    ...base,
    severity: "warn",
    kind: "row_count",
    name: "row_count",
    min: null,
    max: null,
    equals: null,
    change: 150.5,
    window: 7,
  }],
  ["null_rate: { column: note, max: 10% }", {
    ...base,
    kind: "null_rate",
    name: "null_rate_note",
    column: "note",
    max: 10,
  }],
  ["unique: [id, at]", { ...base, kind: "unique", name: "unique_id_at", columns: ["id", "at"] }],
  ["unique: { columns: [id], name: ids, severity: warn }", {
    ...base,
    severity: "warn",
    kind: "unique",
    name: "ids",
    columns: ["id"],
  }],
  [`range: { column: at, min: "{month:start}", max: "{month:end}" }`, {
    ...base,
    kind: "range",
    name: "range_at",
    column: "at",
    min: "{month:start}",
    max: "{month:end}",
  }],
  ["range: { column: id, max: 007 }", {
    ...base,
    kind: "range",
    name: "range_id",
    column: "id",
    min: null,
    max: "007",
  }],
  ["accepted_values: { column: note, values: [1.10, true, a] }", {
    ...base,
    kind: "accepted_values",
    name: "accepted_values_note",
    column: "note",
    values: ["1.10", "true", "a"],
  }],
  ["foreign_key: { column: id, references: taxi.zones(zone_id) }", {
    ...base,
    kind: "foreign_key",
    name: "foreign_key_id",
    columns: ["id"],
    references: { schema: "taxi", table: "zones", columns: ["zone_id"] },
  }],
  ['foreign_key: { columns: [id, note], references: "Zones (a, Big b)" }', {
    ...base,
    kind: "foreign_key",
    name: "foreign_key_id_note",
    columns: ["id", "note"],
    references: { schema: "public", table: "Zones", columns: ["a", "Big b"] },
  }],
  ["freshness: { column: at, max_age: 36h }", {
    ...base,
    kind: "freshness",
    name: "freshness_at",
    column: "at",
    maxAgeSeconds: 129_600,
  }],
  ["freshness: { column: at, max_age: 2d }", {
    ...base,
    kind: "freshness",
    name: "freshness_at",
    column: "at",
    maxAgeSeconds: 172_800,
  }],
  ["drift: { column: id, max: 5% }", {
    ...base,
    kind: "drift",
    name: "drift_id",
    column: "id",
    of: "mean",
    max: 5,
  }],
  ["row_diff: { added: 10, deleted: 0, changed: 0.5% }", {
    ...base,
    kind: "row_diff",
    name: "row_diff",
    added: { kind: "rows", rows: 10 },
    deleted: { kind: "rows", rows: 0 },
    changed: { kind: "percent", percent: 0.5 },
  }],
  [
    `sql: { name: a b, query: "select count(*) from {staging} where at < {month:end}", expect: 0 }`,
    {
      ...base,
      kind: "sql",
      name: "a b",
      query: "select count(*) from {staging} where at < {month:end}",
      expect: 0,
      min: null,
      max: null,
    },
  ],
  [`sql: { name: b, query: "select {target}", min: -1.5, max: 2 }`, {
    ...base,
    kind: "sql",
    name: "b",
    query: "select {target}",
    expect: null,
    min: -1.5,
    max: 2,
  }],
];

for (const [text, expected] of KINDS) {
  Deno.test(`buildChecks makes a check of ${text}`, () => {
    expect(checksOf([text])).toEqual([expected]);
  });
}

Deno.test("every kind of check is tried", () => {
  expect([...new Set(KINDS.map(([, { kind }]) => kind))].sort())
    .toEqual(Object.keys(CHECKS).sort());
});

Deno.test("buildChecks gives each check a name and a line of its own", () => {
  const checks = checksOf([
    "null_rate: { column: note, max: 5%, severity: warn }",
    "null_rate: { column: note, max: 20% }",
    "null_rate: { column: note, max: 30%, name: null_rate_note }",
    "row_count: { min: 1 }",
    "row_count: { change: 50%, severity: warn }",
  ]);
  expect(checks.map(({ name, line }) => [name, line])).toEqual([
    ["null_rate_note_2", 26],
    ["null_rate_note_3", 27],
    ["null_rate_note", 28],
    ["row_count", 29],
    ["row_count_2", 30],
  ]);
});

Deno.test("checkSettings refuses a row_diff that has nothing to look at", () => {
  const diff = ["row_diff: { deleted: 1, changed: 1 }"];
  const mode = (mode: string): [string, string] => ["mode: partition", `mode: ${mode}`];
  expect(messages(diff)).toEqual([]);
  expect(messages(diff, ["idempotency_key: [id]\n", ""])).toEqual([
    '25 spec/contradiction "row_diff" needs "idempotency_key", which identifies a row',
  ]);
  expect(messages(diff, mode("upsert"))).toEqual([
    '26 spec/contradiction "upsert" deletes no rows',
  ]);
  expect(messages(diff, mode("append"))).toEqual([
    '26 spec/contradiction "append" deletes no rows',
    '26 spec/contradiction "append" changes no rows',
  ]);
  expect(messages(diff, mode("history"))).toEqual([
    '26 spec/contradiction "history" deletes no rows',
  ]);
  expect(messages(diff, mode("history\n  hard_deletes: invalidate"))).toEqual([]);
});

Deno.test("a check that cannot be read leaves the others to be checked", () => {
  expect(messages(["row_count: { min: -1 }", "unique: [nte]", "unique: id", "drift: {}"])).toEqual([
    '26 spec/wrong_value "checks.0.row_count.min" must be at least 0',
    '27 spec/unknown_column "nte" is not a column',
    '28 spec/wrong_type "checks.2.unique" must be a list or a mapping',
    '29 spec/missing_key "checks.3.drift" has no "column"',
    '29 spec/missing_key "checks.3.drift" has no "max"',
  ]);
});

Deno.test("checkColumns says nothing of a column that is wrong itself", () => {
  const lines = ["range: { column: id, min: a }", "freshness: { column: id, max_age: 1h }"];
  expect(messages(lines, ["type: bigint", "type: bgint"])).toEqual([
    '22 spec/unknown_type "bgint" is not a type',
  ]);
});

Deno.test("checkPlaceholders takes what the partitions have, and the braces of SQL", () => {
  const query = "select count(*) from {staging} where note ~ '^[a]{2}$' or note = '{a,b}'";
  const sql = (text: string) => [`sql: { name: a, query: "${text}", expect: 0 }`];
  expect(messages(sql(`${query} and at < {year:end} and note > {partition}`))).toEqual([]);
  expect(messages(sql("select from {stagin}"))).toEqual([
    '26 spec/bad_placeholder Partitions by month have no "{stagin}"',
  ]);
  const whole: [string, string][] = [
    ["partitions:\n  by: month\n  from: 2021-01\n  to: 2021-03\n", ""],
    ["_{month}", ""],
    ["  partition_column: file_month\n", ""],
    ["mode: partition", "mode: full"],
  ];
  const lines = [...sql("select {x} from {staging} where at < {month:end}")];
  expect(messages(lines, ...whole).map((text) => text.slice(3))).toEqual([
    'spec/bad_placeholder "{x}" has no value',
    'spec/bad_placeholder "{month:end}" needs partitions',
  ]);
  const list: [string, string][] = [
    ["by: month\n  from: 2021-01\n  to: 2021-03", "by: list\n  values: [a, b]"],
    ["{month}", "{partition}"],
  ];
  expect(messages([`range: { column: id, min: "{partition}" }`], ...list)).toEqual([]);
});

Deno.test("neither checks nor verify change the hash: the rows stay the same", () => {
  const plain = load(edited()).spec!;
  const text = `${withChecks(["row_count: { min: 1 }"])}verify: full\n`;
  const checked = load(text).spec!;
  expect(checked.hash).toBe(plain.hash);
  expect([plain.verify, checked.verify]).toEqual(["none", "full"]);
});
