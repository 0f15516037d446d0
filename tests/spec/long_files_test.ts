// Slow: files of tens of thousands of lines.
import { expect } from "expect";
import { cpuUsage } from "node:process";
import { renderDiagnostic } from "../../src/core/render_diagnostic.ts";
import { load } from "./support.ts";

/** As many as a program that writes a file may get wrong. */
const MANY = 12_500;

/**
 * Milliseconds of a processor, whatever else the machine does: ten times what is needed, a fraction
 * of what squares of MANY take.
 */
const LIMIT = 6_000;

const START = "pipeline: trips\nsource: { url: trips.csv, format: csv }\n";
const TARGET = "target: { table: ny.trips }\n";
const HEAD = START + TARGET;
const COLUMNS = "columns: { id: integer }\n";

const each = (text: (at: number) => string, count = MANY) =>
  Array.from({ length: count }, (_, at) => text(at)).join("");

/** Files that are long in every place that has a list or a mapping. */
const FILES: Readonly<Record<string, string>> = {
  "unknown keys": HEAD + COLUMNS + each((at) => `key_${at}: x\n`),
  "unknown keys in a section": `pipeline: trips\nsource:\n  url: a\n${
    each((at) => `  key_${at}: x\n`)
  }${TARGET}${COLUMNS}`,
  "columns": `${HEAD}columns:\n${each((at) => `  c_${at}: { type: integer, from: "C ${at}" }\n`)}`,
  "columns of no type": `${HEAD}columns:\n${each((at) => `  c_${at}: nonsense\n`)}`,
  "columns in one line": `${HEAD}columns: {${each((at) => `c_${at}: nonsense, `)}}\n`,
  "columns without a type": `${HEAD}columns:\n${each((at) => `  c_${at}: { from: a }\n`)}`,
  "keys that come twice": `${HEAD}columns:\n${each((at) => `  c_${at % (MANY / 2)}: text\n`)}`,
  "a key of many columns": `${HEAD}columns:\n${each((at) => `  c_${at}: text\n`)}` +
    `idempotency_key: [${each((at) => `c_${at}, `)}]\n`,
  "a key of unknown columns": `${HEAD}columns:\n${each((at) => `  column_${at}: text\n`, 1500)}` +
    `idempotency_key: [${each((at) => `columm_${at}, `)}]\n`,
  "checks": `${HEAD}${COLUMNS}checks:\n${each((at) => `  - row_count: { min: ${at} }\n`)}`,
  "checks of many columns": `${HEAD}columns:\n${each((at) => `  c_${at}: text\n`)}` +
    `checks:\n${each((at) => `  - unique: [c_${at}]\n`)}`,
  "unknown checks": `${HEAD}${COLUMNS}checks:\n${each((at) => `  - row_coun: { min: ${at} }\n`)}`,
  "partitions": `${HEAD}${COLUMNS}partitions: { by: list, values: [${
    each((at) => `v${at}, `)
  }] }\n`,
  "notifications": `${HEAD}${COLUMNS}notify:\n${
    each((at) => `  - { on: [failure], webhook: "https://h/\${V${at}}" }\n`)
  }`,
  "aliases": `${HEAD}columns:\n  x: &x { type: integer }\n${each((at) => `  c_${at}: *x\n`)}`,
};

for (const [name, text] of Object.entries(FILES)) {
  Deno.test(`loadSpec() takes time in proportion to a file: ${name}`, () => {
    const began = cpuUsage();
    const { diagnostics } = load(text);
    for (const diagnostic of diagnostics) renderDiagnostic(diagnostic);
    const { user, system } = cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(LIMIT);
  });
}

Deno.test("each of very many faults is told at its place", () => {
  const { diagnostics } = load(FILES["unknown keys"]);
  expect(diagnostics.length).toBe(MANY);
  const { start, source } = diagnostics[MANY - 1];
  expect([start.line, start.column, source]).toEqual([4 + MANY, 1, `key_${MANY - 1}: x`]);
});

Deno.test("a key that comes twice is told as text and as value, in each mapping once", () => {
  const twice = (columns: string) =>
    load(`${HEAD}columns:\n${columns}`).diagnostics
      .filter(({ code }) => code === "spec/duplicate_key").map(({ start }) => start.line);
  expect(twice(`  a: text\n  "a": text\n`)).toEqual([6]);
  expect(twice(`  1: text\n  "1": text\n`)).toEqual([6]);
  expect(twice(`  true: text\n  True: text\n`)).toEqual([6]);
  expect(twice(`  a: text\n  A: text\n`)).toEqual([]);
  expect(twice(`  a: &x { type: text, type: text }\n  b: *x\n`)).toEqual([5]);
});
