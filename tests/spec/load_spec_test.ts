import { expect } from "expect";
import { renderDiagnostic } from "../../src/core/render_diagnostic.ts";
import { edited, faults, load, MONTHS } from "./support.ts";

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
    schemaContract: { newColumns: "freeze" },
  });
  expect(spec!.columns[0]).toEqual({
    name: "id",
    from: "id",
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
    'spec/bad_rule_value "1_0" is no integer',
    'spec/bad_rule_value "0x1" is no integer',
  ]);
  expect(spec).toBeNull();
  const right = load(
    edited(["{ type: text }", "{ type: text, default: 1.50, one_of: [true, 007] }"]),
  );
  expect(right.spec!.columns[1].default).toBe("1.50");
  expect(right.spec!.columns[1].rules.one_of).toEqual(["true", "007"]);
});

Deno.test("columns keep the order of the file", () => {
  const { spec } = load(edited(["  note:", '  "2": text\n  "1": text\n  note:']));
  expect(spec!.columns.map(({ name }) => name)).toEqual(["id", "2", "1", "note", "at"]);
});

Deno.test("synonyms are Postgres's own", () => {
  const types = {
    "decimal(10, 2)": { name: "numeric", precision: 10, scale: 2 },
    INT8: { name: "bigint" },
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

Deno.test("the hash changes with the rows and with nothing else", () => {
  const hash = (text: string, input = {}) => load(text, input).spec!.hash;
  const first = hash(MONTHS);
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(hash(MONTHS, { file: "b.yaml", folder: "/x", environment: "live" })).toBe(first);
  expect(hash(edited(["format: csv", "retries: 1\n  format: { type: csv, delimiter: ',' }"]))).toBe(
    first,
  );
  expect(hash(edited(["2021-03", "2021-04"]))).toBe(first);
  expect(hash(edited(["type: text", "type: text, trim: true"]))).not.toBe(first);
  expect(hash(edited(["format: csv", "format: { type: csv, delimiter: ';' }"]))).not.toBe(first);
});

Deno.test("a diagnostic shows the line, the place and what to do", () => {
  const [diagnostic] = load(edited(["type: text", "tpye: text, type: text"])).diagnostics;
  expect(renderDiagnostic(diagnostic)).toBe(
    `a.yaml:23:11: error[spec/unknown_key]: Unknown key "tpye" in "columns.note"
   |
23 |   note: { tpye: text, type: text }
   |           ^^^^
   = help: Did you mean "type"?`,
  );
});

Deno.test("the stored JSON Schema is the current one", async () => {
  const { pipelineJsonSchemaText } = await import("../../src/spec/json_schema.ts");
  const stored = Deno.readTextFileSync(
    new URL("../../schemas/pipeline.schema.json", import.meta.url),
  );
  expect(stored === pipelineJsonSchemaText() || "run src/spec/write_schema.ts").toBe(true);
});

Deno.test("no mutation of a file makes loadSpec throw", () => {
  let seed = 20210101;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ": ",
    "\n",
    "  ",
    "- ",
    '"',
    "'",
    "&a ",
    "*a",
    "<<: *a",
    "#",
    "|",
    ">",
    "!!int ",
    "null",
    "~",
    "0x",
    "-1",
    "1e999",
    "__proto__",
    "constructor",
    "toString",
    "\t",
    "\0",
    "\ufeff",
    "\ud800",
    "? ",
    "%",
    "current-9999999",
    "${X}",
    "{month:",
    "99999",
  ];
  const lines = MONTHS.split("\n");
  for (let round = 0; round < 4000; round++) {
    let text = MONTHS;
    for (let edit = random(4); edit >= 0; edit--) {
      const at = random(text.length + 1);
      const kind = random(4);
      const piece = kind === 3
        ? `\n${lines[random(lines.length)]}\n`
        : pieces[random(pieces.length)];
      text = text.slice(0, at) + (kind === 0 ? "" : piece) +
        text.slice(at + (kind === 1 ? 0 : random(8)));
    }
    const { spec, diagnostics } = load(text);
    expect(spec === null).toBe(diagnostics.length > 0);
    for (const diagnostic of diagnostics) {
      expect(diagnostic.start.offset).toBeLessThanOrEqual(diagnostic.end.offset);
      expect(text.split(/\r?\n/)[diagnostic.start.line - 1]).toBe(diagnostic.source);
      renderDiagnostic(diagnostic);
    }
  }
});
