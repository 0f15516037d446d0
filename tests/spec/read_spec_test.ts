import { expect } from "packages/expect.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { loadWith } from "../../src/spec/load_with.ts";
import { readSpec } from "../../src/spec/read_spec.ts";
import { NONE_LOADED, NotLoaded } from "../../src/spec/readers.ts";

const INPUT = { file: "a.yaml", folder: "/work", variables: {} };

const file = (column: string, more = "") => `
pipeline: a
source: { url: a.csv, format: { type: csv${more.startsWith("format:") ? more.slice(7) : ""} } }
target: { table: t }
columns:
  a: { type: text${column} }
${more.startsWith("format:") ? "" : more}`;

/** Files with a value that needs a reader, right and wrong, however the key is spelt. */
const READ: Readonly<Record<string, string>> = {
  "a pattern": file(`, pattern: "^a+$"`),
  "a wrong pattern": file(`, pattern: "("`),
  "a pattern that backtracks": file(`, pattern: "(a)\\\\1"`),
  "a key with an escape": file(String.raw`, "p\u0061ttern": "("`),
  "an end": file("", `format:, end_pattern: "^Total"`),
  "a wrong end": file("", `format:, end_pattern: "("`),
  "an end with an escape": file("", String.raw`format:, "end_\x70attern": "("`),
  "a schedule": file("", "schedule: { cron: 0 6 * * * }"),
  "a wrong schedule": file("", "schedule: { cron: 0 6 31 2 * }"),
  "a schedule with an escape": file("", String.raw`"\x73chedule": { cron: 61 6 * * * }`),
};

for (const [what, text] of Object.entries(READ)) {
  Deno.test(`readSpec() reads ${what} as loadSpec() does`, async () => {
    expect(() => loadWith(text, INPUT, NONE_LOADED)).toThrow(NotLoaded);
    expect(await readSpec(text, INPUT)).toEqual(loadSpec(text, INPUT));
    const { spec, diagnostics } = await readSpec(text, INPUT);
    expect(spec === null).toBe(diagnostics.length > 0);
  });
}

Deno.test("readSpec() needs no reader for other files", async () => {
  for (const text of [file(""), file(", typo: 1"), "", "a: [", file(", max_length: 3")]) {
    expect(loadWith(text, INPUT, NONE_LOADED)).toEqual(loadSpec(text, INPUT));
    expect(await readSpec(text, INPUT)).toEqual(loadSpec(text, INPUT));
  }
});
