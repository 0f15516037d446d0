// Slow: texts long enough to show what takes the square of their length.
import { expect } from "packages/expect.ts";
import { columnName } from "../../src/core/column_name.ts";
import { Frame } from "../../src/rows/frame.ts";
import { compileType, TYPE_ENCODERS } from "../../src/rows/types/mod.ts";
import { looksLikeData } from "../../src/rows/wrong_file.ts";
import { GUESSABLE, writesBack } from "../../src/rows/writes_back.ts";
import type { ColumnType } from "../../src/spec/pipeline_spec.ts";
import { pick, randomFrom } from "./random.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** Characters of a hostile text: where time grows with the square, one takes minutes. */
const LENGTH = 300_000;

/** Many times what the slowest one needs on a busy machine. */
const LIMIT = 20_000;

const BEGINNINGS = [
  "",
  "1",
  "-",
  "+1.",
  "P",
  "P1Y",
  "1 year",
  "1:02",
  "2021-01-01",
  "2021-01-01 ",
  '{"a":',
  "[",
  '"',
  "\\x",
  "t",
  "a",
  "<",
];
const FILLS = [
  " ",
  "\t",
  "0",
  "9",
  "a",
  ":",
  "-",
  "+",
  ".",
  ",",
  "{",
  "[",
  '"',
  "\\",
  "'",
  "_",
  "e",
  "1 ",
  "1:",
  "1.",
  " y",
  "1 y ",
  "-1",
  "0,",
  '{"a":',
  "[1,",
  "\\u0041",
  "é",
  "e1",
  "T1",
];
const ENDS = ["", "x", "1", " ", "\u0001", "Z", "ago", '"', "}"];

function hostile(beginning: string, fill: string, end: string): string {
  return beginning + fill.repeat(Math.ceil(LENGTH / fill.length)) + end;
}

/** All beginnings and ends around blanks and digits, and others by chance. */
function texts(random: () => number, count: number): string[] {
  const fixed = [" ", "0", "1 "].flatMap((fill) =>
    ["", "1", "1 year"].flatMap((beginning) => ["x", "1"].map((end) => [beginning, fill, end]))
  );
  const others = Array.from({ length: count }, () => [
    pick(random, BEGINNINGS),
    pick(random, FILLS),
    pick(random, ENDS),
  ]);
  return [...fixed, ...others].map(([beginning, fill, end]) => hostile(beginning, fill, end));
}

function within(what: string, text: string, work: () => void): void {
  const started = performance.now();
  work();
  const took = performance.now() - started;
  if (took > LIMIT) {
    throw new Error(
      `${what}: ${JSON.stringify(text.slice(0, 30))}…${
        JSON.stringify(text.slice(-5))
      } took ${took} ms`,
    );
  }
}

for (const { name } of TYPE_ENCODERS) {
  Deno.test(`${name} reads a hostile text in time proportional to it (SLUICE_SEED=${SEED})`, () => {
    const random = randomFrom(SEED);
    const types = (name === "numeric"
      ? [{ name, precision: null, scale: null }, { name, precision: 10, scale: 2 }]
      : name === "varchar" || name === "char"
      ? [{ name, length: 10 }]
      : [{ name }]) as ColumnType[];
    const isNumber = ["smallint", "integer", "bigint", "numeric", "real", "double precision"]
      .includes(name);
    const isTime = /^(date|timestamptz?)$/.test(name);
    const encodes = types.flatMap((type) => [
      compileType(type, {}),
      ...(isNumber
        ? (["parentheses", "trailing"] as const).map((negative) =>
          compileType(type, { negative, strip: ["$", "a", "1 ", "y"], thousands: "," })
        )
        : []),
      ...(isTime
        ? [compileType(type, { format: ["epoch_ns", "d MMMM yyyy[ H:mm[:ss[.S]]]", "yyyy"] })]
        : []),
      compileType(
        type,
        isNumber ? { thousands: ",", decimal: "." } : {},
      ),
    ]);
    const frame = new Frame(LENGTH * 4);
    for (const text of texts(random, 60)) {
      const bytes = new TextEncoder().encode(text);
      for (const encode of encodes) {
        frame.length = 0;
        frame.reserve(bytes.length * 2 + 64);
        within(name, text, () =>
          void encode(bytes, 0, bytes.length, frame));
      }
    }
  });
}

Deno.test(`what a header or a value is taken for is found in proportional time (SLUICE_SEED=${SEED})`, () => {
  const random = randomFrom(SEED);
  const types: ColumnType[] = [...GUESSABLE, { name: "date" }, { name: "uuid" }];
  for (const text of texts(random, 150)) {
    for (const type of types) {
      within(`writesBack ${type.name}`, text, () => void writesBack(type)(text));
    }
    within("looksLikeData", text, () => void looksLikeData(text));
    within("columnName", text, () => void columnName(text));
  }
  expect(looksLikeData(" 2021-01-01 10:00 ")).toBe(true);
  expect(looksLikeData("1e5")).toBe(true);
  expect(looksLikeData("year 2021")).toBe(false);
});
