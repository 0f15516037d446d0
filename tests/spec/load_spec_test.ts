import { expect } from "packages/expect.ts";
import { versionTableName } from "../../src/core/names.ts";
import { edited, faults, load, MONTHS } from "./support.ts";
import { timeLimit } from "../support/time_limit.ts";

Deno.test("a file becomes a spec with its defaults", () => {
  const { spec, diagnostics } = load(MONTHS);
  expect(diagnostics).toEqual([]);
  expect(spec).toMatchObject({
    file: "a.yaml",
    folder: "/work",
    pipeline: "trips",
    description: null,
    environment: "sample",
    vars: { base: "../data" },
    partitions: { by: "month", from: "2021-01", to: "2021-03", concurrency: 1, missing: "fail" },
    source: {
      url: "../data/trips_{month}.csv.gz",
      compression: "auto",
      retries: 5,
      timeoutSeconds: 30,
      format: {
        delimiter: ",",
        quote: '"',
        escape: '"',
        header: true,
        nullValues: [""],
        maxRecordBytes: 16777216,
      },
    },
    target: { schema: "taxi", table: "trips", partitionColumn: "file_month", versions: 3 },
    refresh: { mode: "partition" },
    onDuplicate: "reject",
    rejects: { limit: { kind: "rows", rows: 0 } },
    schemaContract: { newColumns: "freeze", missingColumns: "freeze", typeChanges: "freeze" },
  });
  expect(spec!.columns[0]).toEqual({
    name: "id",
    from: "id",
    aliases: [],
    type: { name: "bigint" },
    required: true,
    default: null,
    rules: {},
    options: {},
  });
});

Deno.test("texts stay as they are written", () => {
  const { spec, diagnostics } = load(edited(
    ["type: bigint", "type: integer, min: 007, one_of: [01, 1_0, 0x1]"],
    ["{ type: text }", "{ type: text, default: 1.50, one_of: [true, 2021-10, 1e3] }"],
  ));
  expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'spec/bad_rule_value "1_0" is not a valid integer',
    'spec/bad_rule_value "0x1" is not a valid integer',
  ]);
  expect(spec).toBeNull();
  const right = load(
    edited(["{ type: text }", "{ type: text, default: 1.50, one_of: [true, 007] }"]),
  );
  expect(right.spec!.columns[1].default).toBe("1.50");
  expect(right.spec!.columns[1].rules.one_of).toEqual(["true", "007"]);
});

Deno.test("conditions, limits and headers stay as they are written too", () => {
  const { spec, diagnostics } = load(edited(
    ["note: { type: text }", "note: { type: text, from: [1, 02] }"],
    ["refresh:", "rules: { a: true, b: { check: true, limit: 5 } }\nrefresh:"],
  ));
  expect(diagnostics).toEqual([]);
  expect([spec!.columns[1].from, ...spec!.columns[1].aliases]).toEqual(["1", "02"]);
  expect(spec!.rules.map(({ check, limit }) => [check, limit])).toEqual([
    ["true", null],
    ["true", { kind: "rows", rows: 5 }],
  ]);
});

Deno.test("columns keep the order of the file", () => {
  const { spec } = load(edited(["  note:", '  "2": text\n  "1": text\n  note:']));
  expect(spec!.columns.map(({ name }) => name)).toEqual(["id", "2", "1", "note", "at"]);
});

Deno.test("synonyms are Postgres's own", () => {
  const types = {
    "decimal(10, 2)": { name: "numeric", precision: 10, scale: 2 },
    INT8: { name: "bigint" },
    dec: { name: "numeric", precision: null, scale: null },
    "numeric(3,-2)": { name: "numeric", precision: 3, scale: -2 },
    float: { name: "double precision" },
    "float(24)": { name: "real" },
    "timestamp  without time zone": { name: "timestamp" },
    "character varying(3)": { name: "varchar", length: 3 },
    "timestamp with time zone": { name: "timestamptz" },
  };
  for (const [text, type] of Object.entries(types)) {
    expect(load(edited(["type: text", `type: "${text}"`])).spec!.columns[1].type).toEqual(type);
  }
});

Deno.test("environments, --set and secrets make the URL", () => {
  expect(load(MONTHS, { environment: "live" }).spec!.source.url).toBe(
    "https://example.org/trips_{month}.csv.gz",
  );
  expect(load(MONTHS, { set: { base: "/x" } }).spec!.source.url).toBe("/x/trips_{month}.csv.gz");
  const secret = edited(["{base}", "https://u:${PASSWORD}@h"]);
  expect(load(secret, { variables: { PASSWORD: "p" } }).spec!.source.url)
    .toBe("https://u:${PASSWORD}@h/trips_{month}.csv.gz");
});

Deno.test("all faults are told at once, in the order of the file", () => {
  expect(faults(edited(
    ["by: month", "by: month\n  cncurrency: 2"],
    ["2021-03", "2021-3"],
    ["mode: partition", "mode: full"],
    ["type: text", "type: text, min: 1"],
  ))).toEqual([
    "9:3 spec/unknown_key",
    "11:7 spec/bad_partition",
    "20:9 spec/contradiction",
    "24:23 spec/unsuitable_rule",
  ]);
});

Deno.test("what is well formed is checked even where other keys are wrong", () => {
  expect(faults(edited(
    ["2021-03", "2021-02-30"],
    ["format: csv", "retries: many\n  format: { type: csv, comment: ab }"],
    ["{base}", "{bse}"],
    ["[[id]]", "[[idd]]"],
    ["type: bigint", "type: bgint, min: 1"],
    ["type: text", "type: text, pattern: '('"],
  ))).toEqual([
    "10:7 spec/bad_partition",
    "12:9 spec/unknown_variable",
    "13:12 spec/wrong_type",
    "14:33 spec/bad_csv_option",
    "18:14 spec/unknown_column",
    "23:15 spec/unknown_type",
    "24:32 spec/bad_pattern",
  ]);
});

Deno.test("nothing is said of what depends on something that is wrong itself", () => {
  const wrong = (...edits: [string, string][]) => faults(edited(...edits));
  // The key, the indexes and the partitions still name the columns that cannot be read.
  expect(wrong(["type: bigint", "type: bgint"], ["file_month", "at"])).toEqual([
    "16:21 spec/bad_partition_column",
    "22:15 spec/unknown_type",
  ]);
  expect(wrong(["by: month", "by: fortnight"])).toEqual(["8:7 spec/wrong_value"]);
  expect(wrong(["{ base: ../data }", "[base]"])).toEqual(["4:11 spec/wrong_type"]);
  expect(wrong(["idempotency_key: [id]", "idempotency_key: [[id]]\non_duplicate: fail"]))
    .toEqual(["20:19 spec/wrong_type"]);
  expect(faults(MONTHS.replace(/columns:[^]*/, ""))).toEqual(["1:1 spec/missing_key"]);
});

Deno.test("the hash changes with the rows and with nothing else", () => {
  const hash = (text: string, input = {}) => load(text, input).spec!.hash;
  const first = hash(MONTHS);
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(hash(MONTHS, { file: "b.yaml", folder: "/x", environment: "live" })).toBe(first);
  expect(hash(edited(["format: csv", "retries: 1\n  format: { type: csv, delimiter: ',' }"]))).toBe(
    first,
  );
  expect(hash(edited(["2021-03", "2021-04"]))).toBe(first);
  expect(hash(edited(["pipeline: trips", "pipeline: trips\ndescription: x"]))).toBe(first);
  expect(hash(edited(["{ type: bigint, required: true }", "{ required: true, type: int8 }"])))
    .toBe(first);
  const sections = MONTHS.split(/^(?=\w)/m);
  expect(hash(sections.reverse().join(""))).toBe(first);
  expect(hash(edited(["type: text", "type: varchar"]))).not.toBe(first);
  expect(hash(edited(["_{month}", "-{month}"]))).not.toBe(first);
  expect(hash(edited(["[[id]]", "[]"]))).not.toBe(first);
  expect(hash(edited(["[id]\ncol", "[id]\non_duplicate: keep_last\ncol"]))).not.toBe(first);
  expect(hash(edited(["type: text", "type: text, trim: true"]))).not.toBe(first);
  expect(hash(edited(["format: csv", "format: { type: csv, delimiter: ';' }"]))).not.toBe(first);
});

Deno.test("--set gives what the file uses, and nothing else", () => {
  const set = (set: Record<string, string>) => load(MONTHS, { set }).diagnostics;
  expect(set({ bsae: "x" }).map(({ message, hint }) => [message, hint])).toEqual([
    [`--set gives "bsae", which the file does not use`, `Did you mean "base"?`],
  ]);
  const bare = MONTHS.replace(/environments:[^]*?(?=partitions:)/, "");
  expect(load(bare, { set: { base: "x" } }).spec!.source.url).toBe("x/trips_{month}.csv.gz");
  expect(load(bare).diagnostics.map(({ code }) => code)).toEqual(["spec/unknown_variable"]);
  // A partition's name in a value is the partition's, wherever it comes from.
  expect(load(MONTHS, { set: { base: "{month:yyyy}" } }).spec!.source.url)
    .toBe("{month:yyyy}/trips_{month}.csv.gz");
});

Deno.test("aliases and merge keys bring in what they name", () => {
  const { spec, diagnostics } = load(edited(
    ["{ type: bigint, required: true }", "&key { type: bigint, required: true }"],
    ["{ type: text }", "{ <<: *key, type: text }"],
    ["{ type: timestamptz }", "{ <<: [{ type: date }, *key], min: 2021-01-01 }"],
  ));
  expect(diagnostics).toEqual([]);
  expect(spec!.columns.map(({ type, required, rules }) => [type.name, required, rules])).toEqual([
    ["bigint", true, {}],
    ["text", true, {}],
    ["date", true, { min: "2021-01-01" }],
  ]);
});

Deno.test("a file that unfolds to too much is refused at once", () => {
  const letters = [..."abcdefghi"];
  const bomb = letters.map((letter, at) => {
    const before = at === 0 ? "x" : `*${letters[at - 1]}`;
    return `${letter}: &${letter} [${Array(9).fill(before).join(", ")}]\n`;
  }).join("");
  for (const text of [bomb, "a: &a [*a]\n", "[".repeat(20_000), "{a: ".repeat(2000)]) {
    const started = performance.now();
    const { spec, diagnostics } = load(text);
    expect(performance.now() - started).toBeLessThan(timeLimit(5000));
    expect(spec).toBeNull();
    expect(diagnostics.map(({ code }) => code)).toContain("spec/yaml");
    expect(diagnostics.length).toBeLessThanOrEqual(20);
  }
});

Deno.test("a byte order mark is no column", () => {
  expect(faults("\ufeffpipelin: trips\n")[0]).toBe("1:1 spec/missing_key");
  expect(load(`\ufeff${MONTHS}`).spec).not.toBeNull();
});

Deno.test("a table without a schema is in public", () => {
  expect(load(edited(["taxi.trips", "trips"])).spec!.target)
    .toMatchObject({ schema: "public", table: "trips" });
});

Deno.test("nothing is said of history's columns where the mode cannot be read", () => {
  expect(faults(edited(["mode: partition", "mode: scd2"], ["[[id]]", "[[_current]]"]))).toEqual([
    "19:9 spec/wrong_value",
  ]);
});

Deno.test("without a header columns are read by number", () => {
  const text = edited(
    ["format: csv", "format: { type: csv, header: false }"],
    ["note: { type: text }", "note: { type: text, from: 5 }"],
  );
  expect(load(text).spec!.columns.map(({ from }) => from)).toEqual(["1", "5", "3"]);
});

Deno.test("names of 63 bytes are taken and of 64 are not", () => {
  const columns = (bytes: number) => edited(["note:", `${"n".repeat(bytes)}:`]);
  expect(faults(columns(63))).toEqual([]);
  expect(faults(columns(64))).toEqual(["23:3 spec/name_too_long"]);
  // Bytes, not characters: each of these has two.
  expect(faults(edited(["note:", `${"é".repeat(32)}:`]))).toEqual(["23:3 spec/name_too_long"]);
  expect(faults(edited(["note:", `${"é".repeat(31)}n:`]))).toEqual([]);
  // The longest name is the index of a version: <table>__2021_01__v999999_i1.
  const table = (bytes: number) => edited(["taxi.trips", `taxi.${"t".repeat(bytes)}`]);
  expect(faults(table(63 - "__2021_01__v999999_i1".length))).toEqual([]);
  expect(faults(table(64 - "__2021_01__v999999_i1".length))).toEqual(["15:10 spec/name_too_long"]);
  // Without an index and a key it is the table that rows wait in: <table>__2021_01__v999999_r.
  const bare = (bytes: number) =>
    edited(
      ["taxi.trips", `taxi.${"t".repeat(bytes)}`],
      ["  indexes: [[id]]\n", ""],
      ["idempotency_key: [id]\n", ""],
    );
  expect(faults(bare(63 - "__2021_01__v999999_r".length))).toEqual([]);
  expect(faults(bare(64 - "__2021_01__v999999_r".length))).toEqual(["15:10 spec/name_too_long"]);
  const wide = `[${Array(10).fill("[id]").map((_, at) => `[c${at}]`).join(", ")}]`;
  const many = edited(
    ["taxi.trips", `taxi.${"t".repeat(63 - "__2021_01__v999999_i1".length)}`],
    ["[[id]]", wide],
    ["  note:", `${Array(10).fill(0).map((_, at) => `  c${at}: text\n`).join("")}  note:`],
  );
  expect(faults(many)).toEqual(["15:10 spec/name_too_long"]);
});

Deno.test("two values of a list that would share a table's name are told", () => {
  const seen = new Map<string, string>();
  let pair: string[] = [];
  for (let at = 0; pair.length === 0; at++) {
    const value = String.fromCodePoint(0x4e00 + at % 20_000, 0x4e00 + Math.floor(at / 20_000));
    const name = versionTableName("trips", value, 1);
    if (seen.has(name)) pair = [seen.get(name)!, value];
    seen.set(name, value);
  }
  const list = edited(
    ["by: month\n  from: 2021-01\n  to: 2021-03", `by: list\n  values: [${pair.join(", ")}]`],
    ["{month}", "{partition}"],
  );
  expect(faults(list)).toEqual(["9:16 spec/name_clash"]);
});

Deno.test("a point groups the digits of integers, and of numbers with another decimal point", () => {
  const diagnostics = (column: string) => {
    const { diagnostics } = load(`
pipeline: p
source: { url: p.csv }
target: { table: p }
columns: { n: { ${column} } }
`);
    return diagnostics.map(({ code }) => code);
  };
  for (const type of ["smallint", "integer", "bigint"]) {
    expect(diagnostics(`type: ${type}, thousands: "."`)).toEqual([]);
  }
  for (const type of ["numeric", "real", "double precision"]) {
    expect(diagnostics(`type: ${type}, thousands: "."`)).toEqual(["spec/contradiction"]);
    expect(diagnostics(`type: ${type}, thousands: ".", decimal: ","`)).toEqual([]);
  }
});
