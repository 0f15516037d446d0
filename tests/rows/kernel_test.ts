// Slow: texts by the hundred thousand, once through the kernel and once through TypeScript.
import { createHash } from "node:crypto";
import { expect } from "packages/expect.ts";
import type { Reject } from "../../src/core/reject.ts";
import type { ColumnPlan, PartitionBounds, RowsPlan } from "../../src/plan/load_plan.ts";
import { compileRows } from "../../src/rows/compile_rows.ts";
import type { RowEncoder } from "../../src/rows/row_encoder.ts";
import { Frame } from "../../src/rows/frame.ts";
import { Kernel } from "../../src/rows/kernel/kernel.ts";
import { MODULE } from "../../src/rows/kernel/module.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import type { CsvOptions } from "../../src/spec/formats/csv.ts";
import type { FormatOptions } from "../../src/spec/formats/mod.ts";
import { readRecords, split } from "../source/read_records.ts";
import { CASES } from "./differential_cases.ts";
import { columnPlan, encodeTexts, rowsPlan } from "./encode_texts.ts";
import { between, pick, randomFrom } from "./random.ts";
import { makeText } from "./make_text.ts";
import { compileKernel, MODULE_FILE } from "./write_kernel.ts";
import { rounds } from "../support/rounds.ts";
import { CSV } from "../support/csv_options.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1_000_000_007);
const TEXTS = rounds(300_000, "SLUICE_KERNEL_TEXTS");
const FILES = rounds(700, "SLUICE_KERNEL_FILES");
const encoder = new TextEncoder();

const HEADERLESS: CsvOptions = { ...CSV, header: false };

Deno.test("the kernel's module is what its source compiles to", async () => {
  const compiled = await compileKernel();
  expect(compiled).toContain(MODULE);
  expect(await Deno.readTextFile(MODULE_FILE)).toBe(compiled);
});

Deno.test({
  name: `the kernel encodes what TypeScript encodes (SLUICE_SEED=${SEED})`,
  async fn(t) {
    console.log(`SLUICE_SEED=${SEED}, ${TEXTS} texts`);
    const kernel = new Kernel(1);
    for (const entry of CASES) {
      const { timezone, type } = entry;
      await t.step(
        entry.sql + (timezone === undefined ? "" : ` at ${timezone}`),
        () => {
          const random = randomFrom(SEED);
          const column = columnPlan({ type, options: timezone === undefined ? {} : { timezone } });
          for (let left = Math.ceil(TEXTS / CASES.length); left > 0; left -= 10_000) {
            const texts = Array.from(
              { length: Math.min(left, 10_000) },
              (_, i) => encoder.encode(entry.corpus[i] ?? makeText(entry, random)),
            );
            compareTexts(column, texts, kernel);
          }
        },
      );
    }
  },
});

Deno.test(`doubles of many digits are rounded as the engine rounds them (SLUICE_SEED=${SEED})`, () => {
  const random = randomFrom(SEED);
  const kernel = new Kernel(1);
  const view = new DataView(new ArrayBuffer(8));
  const column = columnPlan({ type: { name: "double precision" } });
  let plain = 0;
  for (let done = 0; done < TEXTS; done += 10_000) {
    const texts = Array.from({ length: 10_000 }, () => decimalText(random));
    const fast = encodeTexts(column, texts.map((text) => encoder.encode(text)), kernel);
    plain += fast.plain;
    texts.forEach((text, i) => {
      view.setFloat64(0, Number(text));
      const expected = new Uint8Array(view.buffer).toHex();
      if (fast.outcomes[i] !== expected) {
        throw new Error(`${text}: the engine ${expected}, the kernel ${fast.outcomes[i]}`);
      }
    });
  }
  expect(plain).toBeGreaterThan(TEXTS * 0.9);
});

/** Decimals of up to 19 digits, many of them next to or halfway between two doubles. */
function decimalText(random: () => number): string {
  const sign = random() < 0.3 ? "-" : "";
  const kind = random();
  if (kind < 0.3) return sign + String(random() * 10 ** between(random, -4, 15));
  if (kind < 0.5) {
    // The middle of two neighbours, in as many digits as it takes, and one unit beside it.
    const low = BigInt(Math.floor(random() * 2 ** 53)) + 2n ** 53n;
    const middle = low * 2n + 1n;
    const text = (middle * 5n ** BigInt(between(random, 0, 3)) + BigInt(between(random, -1, 1)))
      .toString();
    return sign + withPoint(text, between(random, 0, 8));
  }
  const text = Array.from(
    { length: between(random, 1, 19) },
    () => pick(random, "0123456789"),
  ).join("");
  const exponent = random() < 0.3 ? `${pick(random, ["e", "E"])}${between(random, -8, 30)}` : "";
  return sign + withPoint(text, between(random, 0, 12)) + exponent;
}

function withPoint(digits: string, places: number): string {
  const padded = digits.padStart(places + 1, "0");
  return places === 0 ? padded : `${padded.slice(0, -places)}.${padded.slice(-places)}`;
}

const JSONS = [
  "{}",
  " [ ] ",
  '"text"',
  "-0.5",
  "true",
  "false",
  "null",
  '{"a": 1, "b": [1, -2.50, "x\\n\\"y", {"ä": null}], "c":{"d":[]}}',
  "[".repeat(60) + "]".repeat(60),
  `["${"x".repeat(37)}\\t${"y".repeat(15)}", "${"z".repeat(16)}"]`,
];

/** Types, and rules and options, of which the kernel takes everyday values whole. */
const COLUMNS: readonly (readonly [Partial<ColumnPlan>, readonly string[]])[] = [
  [{ type: { name: "smallint" } }, ["0", "-1", "32767", "-32768", "007"]],
  [{ type: { name: "integer" }, rules: { min: "-5", max: "70" } }, ["-5", "70", "0"]],
  [{ type: { name: "bigint" } }, ["1", "-999999999999999999", "123456789012345678"]],
  [{ type: { name: "smallint" }, rules: { one_of: ["7", "-2", "5"] } }, ["7", "-2", "5"]],
  [{ type: { name: "double precision" }, rules: { min: "0" } }, ["0", "12.5", "1.", ".5", "-0"]],
  [{ type: { name: "double precision" } }, ["-73.98765432", "0.1", "900719925474099.1"]],
  [{ type: { name: "double precision" } }, [
    "0.30000000000000004",
    "-73.98765432109876",
    "1.7976931348623157e-5",
    "1e5",
    "-2.5E+10",
    "0.0000001234567890123456",
    "9007199254740993",
    "1234567890123456789",
  ]],
  [{ type: { name: "real" } }, ["0.1", "-2.75", "16777216", "0"]],
  [numeric(10, 2), ["0", "-0", "12.5", "12.34", "99999999.99", "0.01", "-0.01", "10000", ".5"]],
  [numeric(10, 2), ["9999", "-9999.99", "9999.9", "10000.01", "5.", "-.5", "-0.00", "0."]],
  [numeric(5, 1), ["9999.9", "-9999.9", "0.1"]],
  [numeric(4, 0), ["9999", "-9999", "7."]],
  [numeric(12, 2), ["123456.78", "-12345678.90", "00000000.01", "-0000000.00", "123456789.01"]],
  [{ ...numeric(12, 3), rules: { min: "-1234.567" } }, ["-1234.567", "1234.567", "12345678.9"]],
  [{ ...numeric(10, 4), rules: { min: "-9999.9999" } }, ["-9999.9999", "0.0001", "12345.6789"]],
  [numeric(18, 6), ["0.000001", "123456789012.123456", "10000.0001"]],
  [{ ...numeric(6, 2), rules: { min: "-1.255", max: "10.001" } }, ["-1.25", "10", "3.1"]],
  [numeric(null, null), ["0", "1.50", "123456.789", "0.0001", "0.00010", "100000000"]],
  [{ ...numeric(null, null), rules: { min: "-0.005", max: "1000.25" } }, [
    "-0.005",
    "-0.0049",
    "0",
    "1000.25",
    "1000.2499",
    "12",
  ]],
  [{ type: { name: "boolean" } }, ["t", "f", "true", "false", "1", "0", "y", "n"]],
  [{
    type: { name: "boolean" },
    options: { true_values: ["Y", "si"], false_values: ["N", "ñ"] },
  }, ["Y", "N", "si", "ñ"]],
  [{ type: { name: "text" } }, ["a", "", "äöü", "𝄞 and 日本語", "x".repeat(40), "á".repeat(40)]],
  [{ type: { name: "text" }, rules: { max_length: 5 } }, ["12345", "äöüßñ", ""]],
  [{ type: { name: "text" }, rules: { one_of: ["cash", "card", "ä"] } }, ["cash", "card", "ä"]],
  [{ type: { name: "varchar", length: 4 } }, ["", "abcd", "日本語!"]],
  [{ type: { name: "json" } }, JSONS],
  [{ type: { name: "jsonb" } }, JSONS],
  [{ type: { name: "uuid" } }, [
    "550e8400-e29b-41d4-a716-446655440000",
    "550E8400E29B41D4A716446655440000",
  ]],
  [{ type: { name: "date" }, rules: { min: "2000-01-01" } }, ["2000-01-01", "2024-02-29"]],
  [{ type: { name: "date" } }, ["0001-01-01", "9999-12-31", "1900-02-28"]],
  [{ type: { name: "time" } }, ["00:00:00", "23:59:59.999999", "12:30"]],
  [{ type: { name: "timestamp" } }, [
    "2021-01-31 23:59:59",
    "2021-01-31T00:00:00.5",
    "2021-01-31 10:20",
    "1969-07-20",
  ]],
  [{ type: { name: "timestamptz" } }, [
    "2021-01-31 23:59:59",
    "2021-01-31T23:59:59Z",
    "2021-01-31T23:59:59.123+02:00",
    "2021-01-31 23:59:59-0530",
    "2021-01-31 23:59:59+05",
    "2021-01-31",
  ]],
  [{ type: { name: "timestamptz" }, options: { timezone: "Europe/Berlin" } }, [
    "2021-01-31T23:59:59Z",
    "2021-06-30T23:59:59+02",
  ]],
];

function numeric(precision: number | null, scale: number | null): Partial<ColumnPlan> {
  return { type: { name: "numeric", precision, scale } };
}

Deno.test("the kernel leaves nothing of the everyday", () => {
  const kernel = new Kernel(1);
  for (const [change, texts] of COLUMNS) {
    const column = columnPlan(change);
    const { outcomes, plain } = compareTexts(column, texts.map((t) => encoder.encode(t)), kernel);
    const left = outcomes.length - plain;
    if (left > 0) throw new Error(`${left} texts are left: ${JSON.stringify([change, texts])}`);
    expect(outcomes.filter((outcome) => !/^([0-9a-f]{2})*$/.test(outcome))).toEqual([]);
  }
});

Deno.test("a column with a rule or an option that the kernel does not know is left to TypeScript", () => {
  const kernel = new Kernel(1);
  for (const [change, texts] of COLUMNS) {
    const column = columnPlan(change);
    const encoded = texts.map((text) => encoder.encode(text));
    expect(encodeTexts(column, encoded, kernel).plain).toBeGreaterThan(0);
    const other = { ...column, options: { ...column.options, unheard_of: "x" } };
    expect(encodeTexts(other, encoded, kernel).plain).toBe(0);
  }
});

Deno.test("one byte changed in an everyday text is seen as TypeScript sees it", () => {
  const kernel = new Kernel(1);
  for (const [change, texts] of COLUMNS) {
    const changed = texts.flatMap((text) => {
      const bytes = encoder.encode(text);
      return Array.from({ length: bytes.length * 256 }, (_, i) => {
        const copy = bytes.slice();
        copy[i >> 8] = i & 255;
        return copy;
      }).concat(
        Array.from({ length: bytes.length }, (_, i) => bytes.slice(0, i)),
        Array.from({ length: bytes.length }, (_, i) => bytes.slice(i)),
      );
    });
    compareTexts(columnPlan(change), changed, kernel);
  }
});

Deno.test(`numerics of any length are what TypeScript makes of them, at every scale (SLUICE_SEED=${SEED})`, () => {
  const random = randomFrom(SEED);
  const kernel = new Kernel(1);
  for (const scale of [0, 1, 2, 3, 4, 5]) {
    const texts: string[] = [];
    for (let whole = 0; whole <= 14; whole++) {
      for (let places = 0; places <= 6; places++) {
        const digits = whole + places;
        const random18 = Array.from({ length: digits }, () => between(random, 0, 9)).join("");
        for (const all of ["0".repeat(digits), "9".repeat(digits), random18]) {
          const text = `${all.slice(0, whole)}.${all.slice(whole)}`;
          texts.push(text, `-${text}`, `+${text}`, `--${text}`, text.replace(".", ","));
        }
      }
    }
    for (const precision of [scale + 1, scale + 4, scale + 8, scale + 12]) {
      const column = columnPlan(numeric(precision, scale));
      const encoded = texts.map((text) => encoder.encode(text));
      const { plain } = compareTexts(column, encoded, kernel);
      expect(plain).toBeGreaterThan(0);
    }
  }
});

Deno.test("limits of numerics lie where TypeScript has them, at every scale", () => {
  const random = randomFrom(SEED);
  const kernel = new Kernel(1);
  const decimal = () => withPoint(String(between(random, 0, 200_000)), between(random, 0, 5));
  for (let round = 0; round < 300; round++) {
    const scale = pick(random, [null, 0, 1, 2, 4, 9, 16]);
    const [low, high] = [decimal(), decimal()];
    const change: Partial<ColumnPlan> = {
      ...numeric(scale === null ? null : 18, scale),
      rules: {
        ...(random() < 0.8 ? { min: pick(random, ["", "-"]) + low } : {}),
        ...(random() < 0.8 ? { max: pick(random, ["", "-"]) + high } : {}),
      },
    };
    const texts = Array.from({ length: 300 }, () => {
      const near = pick(random, [low, high, decimal()]);
      const unit = pick(random, ["", "0", "1", "9", "00001"]);
      return pick(random, ["", "-"]) + (near.includes(".") ? near + unit : near);
    });
    compareTexts(columnPlan(change), texts.map((text) => encoder.encode(text)), kernel);
  }
});

Deno.test("tuples that are more than a frame holds go on outside, and the next ones come back", () => {
  const kernel = new Kernel(2);
  const plan = rowsPlan([columnPlan({ type: { name: "integer" } })], { offsetColumn: true });
  const constant = { name: "long", type: { name: "text" }, value: "é".repeat(1000) } as const;
  const files = [30_000, 10, 30_000, 1000].map((lines) =>
    encoder.encode(Array.from({ length: lines }, (_, i) => `${i % 1000}\n`).join(""))
  );
  const encodeAll = (kernel?: Kernel) => {
    kernel?.reset();
    const reader = openReader(HEADERLESS, undefined, kernel);
    const frame = kernel?.takeFrame() ?? new Frame(1 << 12);
    // Nothing of it may be written over.
    const neighbour = kernel?.takeFrame();
    neighbour?.bytes.fill(77);
    const encode = compileRows(plan, [constant], { header: null, width: 1, kernel });
    const plain: number[] = [];
    const hashes = files.map((file) => {
      const batch = reader.push(file)!;
      frame.length = 0;
      expect(encode.encode(batch, frame, () => {})).toBe(batch.count);
      plain.push(encode.plain.records);
      return createHash("sha256").update(frame.bytes.subarray(0, frame.length)).digest("hex");
    });
    expect(neighbour?.bytes.every((byte) => byte === 77) ?? true).toBe(true);
    return { hashes, plain };
  };
  const fast = encodeAll(kernel);
  expect(fast.hashes).toEqual(encodeAll().hashes);
  const [first, second, third, fourth] = fast.plain;
  expect(first).toBeGreaterThan(1_000);
  expect(first).toBeLessThan(30_000);
  expect([second - first, fourth - third]).toEqual([10, 1000]);
});

Deno.test("values in fields of no column are counted where a frame is full, too", () => {
  const plan = {
    ...rowsPlan([columnPlan({ from: "1", type: { name: "integer" } })]),
    nullValues: [""],
    newColumns: "discard_value",
  } as const;
  const constant = { name: "long", type: { name: "text" }, value: "x".repeat(2000) } as const;
  const bytes = encoder.encode("1,x\n2,\n".repeat(5000));
  const discarded = (kernel?: Kernel) => {
    const reader = openReader(HEADERLESS, undefined, kernel);
    const encode = compileRows(plan, [constant], { header: null, width: 2, kernel });
    encode.encode(reader.push(bytes)!, kernel?.takeFrame() ?? new Frame(1 << 12), () => {});
    return encode.valuesDiscarded;
  };
  expect(discarded()).toBe(5000);
  expect(discarded(new Kernel(1))).toBe(5000);
});

Deno.test("more texts than the kernel has room for are left to TypeScript", () => {
  const kernel = new Kernel(1);
  const many = Array.from({ length: 60 }, (_, i) => `${i}`.repeat(10_000));
  const texts = [...many, "x"].map((text) => encoder.encode(text));
  for (
    const change of [
      { rules: { one_of: many } },
      { options: { null_values: many } },
      { default: "x".repeat(600_000) },
    ]
  ) {
    const { plain } = compareTexts(columnPlan(change), texts, kernel);
    expect(plain).toBe(0);
  }
});

function compareTexts(column: ColumnPlan, texts: readonly Uint8Array[], kernel: Kernel) {
  const ours = encodeTexts(column, texts);
  const fast = encodeTexts(column, texts, kernel);
  texts.forEach((text, i) => {
    if (ours.outcomes[i] === fast.outcomes[i]) return;
    throw new Error(
      `${JSON.stringify(new TextDecoder().decode(text))} as ${JSON.stringify(column)}: ` +
        `TypeScript ${ours.outcomes[i]}, kernel ${fast.outcomes[i]}`,
    );
  });
  return fast;
}

Deno.test(`the kernel splits what TypeScript splits, wherever the bytes are cut (SLUICE_SEED=${SEED})`, () => {
  const random = randomFrom(SEED);
  const kernel = new CountingKernel(1);
  let records = 0;
  for (let file = 0; file < FILES; file++) {
    const options = randomDialect(random);
    const bytes = encoder.encode(randomFile(random, options));
    const places = file % 3 === 0
      ? Array.from({ length: bytes.length }, (_, i) => i)
      : Array.from({ length: between(random, 0, 8) }, () => between(random, 0, bytes.length));
    const ours = attempt(() => readRecords(split(bytes, places), options));
    kernel.reset();
    try {
      expect(attempt(() => readRecords(split(bytes, places), options, kernel))).toEqual(ours);
    } catch (error) {
      console.log(JSON.stringify([new TextDecoder().decode(bytes), options, places]));
      throw error;
    }
    if (typeof ours !== "string") records += ours.records.length;
  }
  console.log(`${records} records, ${kernel.taken} by the kernel`);
  // Files are full of what is not plain, and cut at every byte.
  expect(kernel.taken).toBeGreaterThan(records / 10);
});

class CountingKernel extends Kernel {
  taken = 0;

  override split(...args: Parameters<Kernel["split"]>): number {
    const [batch] = args;
    const { count } = batch;
    const next = super.split(...args);
    this.taken += batch.count - count;
    return next;
  }
}

/** What work returns, or its error as text. */
function attempt<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return `${error}`;
  }
}

function randomDialect(random: () => number): CsvOptions {
  const quote = pick(random, ['"', '"', "'", null]);
  return {
    ...HEADERLESS,
    delimiter: pick(random, [",", ";", "\t", "|"]),
    quote,
    escape: pick(random, [quote, quote, quote, "\\", null]),
    header: random() < 0.3,
    skipLines: random() < 0.1 ? 1 : 0,
    comment: random() < 0.2 ? "#" : null,
    maxRecordBytes: random() < 0.2 ? between(random, 1, 30) : 1 << 20,
    ...(random() < 0.2 ? { skipEmptyRecords: true as const } : {}),
  };
}

function randomFile(
  random: () => number,
  { delimiter, quote, escape, comment }: CsvOptions,
): string {
  const width = between(random, 1, 5);
  const end = () => pick(random, ["\n", "\n", "\n", "\r\n", "\r"]);
  const usual = pick(random, ["\n", "\r\n", "\r"]);
  const q = quote ?? '"';
  const e = escape ?? "\\";
  // Blocks without a quote are split in another way.
  const most = pick(random, [0.7, 0.7, 0.99, 1]);
  const field = () => {
    const text = pick(random, ["", "a", "12", "2021-01-01 10:11:12", "ä", "some longer text here"]);
    if (random() < most) return text;
    const inner = () =>
      pick(random, [text, q + q, e + q, e + e, "\n", "\r\n", delimiter, "#", "x"]);
    // A quote within a field is a byte like another.
    const before = random() < 0.1 ? "x" : "";
    return before + (random() < 0.9 ? q + inner() + inner() + q : q + inner());
  };
  let text = "";
  for (let r = between(random, 0, 30); r > 0; r--) {
    const odd = most < 0.99 || random() < 0.2 ? random() : 0.5;
    const fields = odd < 0.05 ? between(random, 1, 7) : width;
    if (odd > 0.95) text += pick(random, ["", comment ?? "", `${q}x${q}y`, "\r", "\uFEFF"]);
    text += Array.from({ length: fields }, field).join(delimiter);
    text += random() < 0.9 ? usual : end();
  }
  return random() < 0.5 ? text : text.slice(0, -1);
}

Deno.test(`files are the same rows and rejects with the kernel and without (SLUICE_SEED=${SEED})`, () => {
  const random = randomFrom(SEED + 1);
  const kernel = new Kernel(1);
  let plain = 0;
  let special = 0;
  for (let file = 0; file < FILES; file++) {
    const format: FormatOptions = random() < 0.8
      ? { ...randomDialect(random), header: false, skipLines: 0, maxRecordBytes: 1 << 20 }
      : {
        type: "ndjson",
        nullValues: [],
        trim: false,
        maxRecordBytes: 1 << 20,
        encoding: "utf-8",
      } as FormatOptions;
    const made = randomLoad(random, format);
    const bytes = encoder.encode(made.text);
    const places = Array.from(
      { length: between(random, 0, 5) },
      () => between(random, 0, bytes.length),
    );
    const ours = attempt(() => load(made, format, bytes, places));
    kernel.reset();
    const fast = attempt(() => load(made, format, bytes, places, kernel));
    if (typeof ours === "string" || typeof fast === "string") {
      expect(fast).toEqual(ours);
      continue;
    }
    try {
      expect({ ...fast, plain: 0, special: 0 }).toEqual({ ...ours, plain: 0, special: 0 });
    } catch (error) {
      console.log(JSON.stringify([made, format, places]));
      throw error;
    }
    plain += fast.plain;
    special += fast.special;
  }
  console.log(`${plain} plain records, ${special} special ones`);
  expect(plain).toBeGreaterThan(special);
});

interface RandomLoad {
  readonly plan: RowsPlan;
  readonly bounds: PartitionBounds | null;
  readonly text: string;
  readonly width: number;
}

function randomLoad(random: () => number, format: FormatOptions): RandomLoad {
  const isCsv = format.type === "csv";
  const width = between(random, 1, 6);
  const kinds = Array.from({ length: width }, () => pick(random, COLUMNS));
  const kept = kinds.map((_, f) => f).filter(() => random() < 0.85);
  if (kept.length === 0) kept.push(0);
  const nulls = random() < 0.3 ? ["NULL", "", "-"] : random() < 0.2 ? [] : [""];
  const columns = kept.map((f) => ({
    ...columnPlan({ name: `c${f}`, from: isCsv ? String(f + 1) : `k${f}`, ...kinds[f][0] }),
    required: random() < 0.2,
    options: {
      ...kinds[f][0].options,
      ...(random() < 0.1 ? { trim: true } : {}),
      ...(random() < 0.1 ? { empty_as_null: true } : {}),
      ...(random() < 0.1 ? { null_values: ["x", "0"] } : {}),
    },
    ...(random() < 0.1 ? { default: kinds[f][1][0] } : {}),
  }));
  const dated = columns.find(({ type }) => type.name === "timestamp" || type.name === "date");
  const plan: RowsPlan = {
    ...rowsPlan(columns),
    naming: isCsv ? "position" : "keys",
    nullValues: nulls,
    trim: random() < 0.2,
    newColumns: pick(random, ["discard_value", "discard_value", "discard_row"]),
    missingColumns: isCsv ? "freeze" : pick(random, ["discard_value", "discard_row"]),
    typeChanges: pick(random, ["freeze", "freeze", "discard_value", "discard_row"]),
    lineColumn: random() < 0.3,
    offsetColumn: random() < 0.3,
  };
  const value = (f: number) => {
    const odd = random();
    if (odd < 0.85) return pick(random, kinds[f][1]);
    return pick(random, ["", "NULL", "x", " 5 ", "\t", "1e5", "99999999999", "\u0000", "0", '"']);
  };
  const line = isCsv
    ? () =>
      Array.from({ length: random() < 0.03 ? width + 1 : width }, (_, f) => {
        const text = value(Math.min(f, width - 1));
        const { quote, delimiter } = format;
        const escape = format.escape ?? quote;
        if (quote === null || escape === null) return text.replaceAll(delimiter, "");
        const needs = text.includes(delimiter) || text.includes(quote) || text.includes(escape);
        return random() < 0.2 || needs
          ? quote + [...text].map((c) => c === quote || c === escape ? escape + c : c).join("") +
            quote
          : text;
      }).join(format.delimiter)
    : () =>
      JSON.stringify(Object.fromEntries(
        Array.from({ length: width }, (_, f) => [`k${f}`, value(f)] as const)
          .map(([key, text]) => [key, asJson(text)])
          .filter(() => random() < 0.95),
      ));
  const text = Array.from({ length: between(random, 1, 40) }, line).join("\n") + "\n";
  return {
    plan,
    bounds: dated !== undefined && random() < 0.3
      ? { column: dated.name, start: "2000-01-01", end: "2022-01-01" }
      : null,
    text,
    width,
  };
}

/** Numbers, objects and lists as what they are, other texts as strings. */
function asJson(text: string): unknown {
  return /^(0|[1-9]\d{0,8}|[[{].*)$/.test(text) ? attempt(() => JSON.parse(text)) : text;
}

function load(
  { plan, bounds, width }: RandomLoad,
  format: FormatOptions,
  bytes: Uint8Array,
  places: readonly number[],
  kernel?: Kernel,
) {
  const reader = openReader(format, { columns: plan.columns, others: "count" }, kernel);
  const frame = kernel?.takeFrame() ?? new Frame(1 << 12);
  const rejects: Reject[] = [];
  const tuples: string[] = [];
  let rows = 0;
  let rowEncoder: RowEncoder | null = null;
  const take = (batch: ReturnType<typeof reader.push>) => {
    if (batch === null) return;
    rowEncoder ??= compileRows(
      plan,
      [{ name: "origin", type: { name: "text" }, value: "somewhere far away" }],
      { ...reader.about, header: reader.header, width, bounds, kernel, isPart: true },
    );
    frame.length = 0;
    rows += rowEncoder.encode(batch, frame, (reject) => rejects.push(reject));
    tuples.push(frame.bytes.slice(0, frame.length).toHex());
  };
  for (const chunk of split(bytes, places)) take(reader.push(chunk));
  take(reader.finish());
  return {
    rows,
    tuples: tuples.join(""),
    rejects,
    discarded: (rowEncoder as RowEncoder | null)?.discarded,
    valuesDiscarded: (rowEncoder as RowEncoder | null)?.valuesDiscarded,
    plain: (rowEncoder as RowEncoder | null)?.plain.records ?? 0,
    special: (rowEncoder as RowEncoder | null)?.special.records ?? 0,
  };
}
