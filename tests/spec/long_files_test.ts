// Slow: files of tens of thousands of lines.
import { expect } from "packages/expect.ts";
import { cpuUsage } from "node:process";
import { renderDiagnostic } from "../../src/core/render_diagnostic.ts";
import { load } from "./support.ts";

/** As many as a program that writes a file may get wrong. */
const MANY = 8_000;

/** Of a part, to compare with: where time grows with the square, all takes SHARE² times as long. */
const SHARE = 4;
/** Between SHARE and its square; and what a machine under load adds once is none of the file. */
const MOST_TIMES = 10;
const TRIES = 3;

const START = "pipeline: trips\nsource: { url: trips.csv, format: csv }\n";
const TARGET = "target: { table: ny.trips }\n";
const HEAD = START + TARGET;
const COLUMNS = "columns: { id: integer }\n";

const each = (count: number, text: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at)).join("");

/** Files that are long in every place that has a list or a mapping. */
const FILES: Readonly<Record<string, (many: number) => string>> = {
  "unknown keys": (many) => HEAD + COLUMNS + each(many, (at) => `key_${at}: x\n`),
  "unknown keys in a section": (many) =>
    `pipeline: trips\nsource:\n  url: a\n${
      each(many, (at) => `  key_${at}: x\n`)
    }${TARGET}${COLUMNS}`,
  "columns": (many) =>
    `${HEAD}columns:\n${each(many, (at) => `  c_${at}: { type: integer, from: "C ${at}" }\n`)}`,
  "columns of no type": (many) => `${HEAD}columns:\n${each(many, (at) => `  c_${at}: nonsense\n`)}`,
  "columns in one line": (many) =>
    `${HEAD}columns: {${each(many, (at) => `c_${at}: nonsense, `)}}\n`,
  "columns without a type": (many) =>
    `${HEAD}columns:\n${each(many, (at) => `  c_${at}: { from: a }\n`)}`,
  "keys that come twice": (many) =>
    `${HEAD}columns:\n${each(many, (at) => `  c_${at % (many / 2)}: text\n`)}`,
  "a key of many columns": (many) =>
    `${HEAD}columns:\n${each(many, (at) => `  c_${at}: text\n`)}` +
    `idempotency_key: [${each(many, (at) => `c_${at}, `)}]\n`,
  "a key of unknown columns": (many) =>
    `${HEAD}columns:\n${each(1500, (at) => `  column_${at}: text\n`)}` +
    `idempotency_key: [${each(many, (at) => `columm_${at}, `)}]\n`,
  "checks": (many) =>
    `${HEAD}${COLUMNS}checks:\n${each(many, (at) => `  - row_count: { min: ${at} }\n`)}`,
  "checks of many columns": (many) =>
    `${HEAD}columns:\n${each(many, (at) => `  c_${at}: text\n`)}` +
    `checks:\n${each(many, (at) => `  - unique: [c_${at}]\n`)}`,
  "unknown checks": (many) =>
    `${HEAD}${COLUMNS}checks:\n${each(many, (at) => `  - row_coun: { min: ${at} }\n`)}`,
  "partitions": (many) =>
    `${HEAD}${COLUMNS}partitions: { by: list, values: [${each(many, (at) => `v${at}, `)}] }\n`,
  "notifications": (many) =>
    `${HEAD}${COLUMNS}notify:\n${
      each(many, (at) => `  - { on: [failure], webhook: "https://h/\${V${at}}" }\n`)
    }`,
  "aliases": (many) =>
    `${HEAD}columns:\n  x: &x { type: integer }\n${each(many, (at) => `  c_${at}: *x\n`)}`,
};

for (const [name, textOf] of Object.entries(FILES)) {
  Deno.test(`loadSpec() takes time in proportion to a file: ${name}`, () => {
    const [part, all] = [textOf(MANY / SHARE), textOf(MANY)];
    const times = () => processorTime(all) / processorTime(part);
    // What is compiled and grown once is none of the part.
    processorTime(part);
    let least = times();
    for (let tries = 1; least >= MOST_TIMES && tries < TRIES; tries++) {
      least = Math.min(least, times());
    }
    expect(least).toBeLessThan(MOST_TIMES);
  });
}

/** Microseconds of a processor that reading a file and telling its faults takes. */
function processorTime(text: string): number {
  const began = cpuUsage();
  const { diagnostics } = load(text);
  for (const diagnostic of diagnostics) renderDiagnostic(diagnostic);
  const { user, system } = cpuUsage(began);
  return user + system;
}

Deno.test("each of very many faults is told at its place", () => {
  const { diagnostics } = load(FILES["unknown keys"](MANY));
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
