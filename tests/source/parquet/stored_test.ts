/** Rows as they are stored come to the same tuples and rejects as their texts do. */
import { expect } from "packages/expect.ts";
import { ByteWriter, parquetWrite } from "packages/hyparquet-writer.ts";
import type { Reject } from "../../../src/core/reject.ts";
import type { ColumnPlan, PartitionBounds, RowsPlan } from "../../../src/plan/load_plan.ts";
import { compileRows } from "../../../src/rows/compile_rows.ts";
import { Frame } from "../../../src/rows/frame.ts";
import type { RowEncoder } from "../../../src/rows/row_encoder.ts";
import { openReader } from "../../../src/source/formats/mod.ts";
import type { ParquetOptions } from "../../../src/spec/formats/parquet.ts";
import { pick, randomFrom } from "../../rows/random.ts";
import { rounds } from "../../support/rounds.ts";
import { testSeed } from "../../support/seed.ts";
import { inMemory, OPTIONS } from "./read_rows.ts";

/** What a file came to, in one way. */
interface Outcome {
  readonly tuples: readonly string[];
  readonly rejects: readonly string[];
  readonly discarded: number;
  /** Rows that were read as no texts. */
  readonly plain: number;
  readonly error: string | null;
}

interface Trial {
  readonly options: ParquetOptions;
  readonly columns: readonly ColumnPlan[];
  readonly typeChanges: RowsPlan["typeChanges"];
  readonly bounds: PartitionBounds | null;
  readonly isCounted: boolean;
}

/** Reads a file in one of both ways; offsets are numbers of rows in one, and of bytes in the other. */
async function load(bytes: Uint8Array, trial: Trial, isStored: boolean): Promise<Outcome> {
  const { options, columns, typeChanges, bounds, isCounted } = trial;
  const reader = openReader(options, { columns, others: isStored ? "skip" : "count" });
  const plan: RowsPlan = {
    naming: "header",
    nullValues: options.nullValues,
    trim: options.trim,
    columns,
    newColumns: "discard_value",
    missingColumns: "freeze",
    typeChanges,
    lineColumn: true,
    offsetColumn: false,
  };
  const constants = [{ name: "c", type: { name: "text" }, value: "constant" }] as const;
  const tuples: string[] = [];
  const rejects: string[] = [];
  const offsets: number[] = [];
  let encoder: RowEncoder | null = null;
  let error: string | null = null;
  try {
    for await (const batch of reader.batches!(inMemory(bytes))) {
      encoder ??= compileRows(plan, constants, {
        ...reader.about,
        header: reader.header,
        width: batch.width,
        bounds,
      });
      const frame = new Frame(64);
      const before = tuples.length;
      const rows = encoder.encode(batch, frame, (reject) => {
        rejects.push(shown(reject));
        offsets.push(reject.byteOffset);
      }, isCounted);
      tuples.push(...tuplesOf(frame));
      expect(tuples.length - before).toBe(rows);
    }
    encoder?.end();
  } catch (thrown) {
    error = (thrown as Error).message;
  }
  if (!isCounted) expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  const plain = isStored ? encoder?.plain.records ?? 0 : 0;
  return { tuples, rejects, discarded: encoder?.discarded ?? 0, plain, error };
}

/** Between what is said of a reject and its record. */
const BETWEEN = "\u0001";

function shown({ line, column, code, message, raw }: Reject): string {
  return `${line} ${column} ${code} ${message}${BETWEEN}${new TextDecoder().decode(raw)}`;
}

/** A reject without the fields that only those who want them read. */
function without(reject: string, others: string | undefined): string {
  const [head, raw] = reject.split(BETWEEN);
  const [, wanted] = others?.split(BETWEEN) ?? [];
  if (!raw?.endsWith("}") || !wanted?.endsWith("}")) return reject;
  const names = Object.keys(JSON.parse(wanted));
  const kept = Object.entries(JSON.parse(raw)).filter(([name]) => names.includes(name));
  return `${head}${BETWEEN}${JSON.stringify(Object.fromEntries(kept))}`;
}

/** The tuples of a frame, as hex. */
function tuplesOf({ bytes, view, length }: Frame): string[] {
  const tuples: string[] = [];
  for (let at = 0; at < length;) {
    const start = at;
    const count = view.getInt16(at);
    at += 2;
    for (let value = 0; value < count; value++) at += 4 + Math.max(0, view.getInt32(at));
    tuples.push(bytes.slice(start, at).toHex());
  }
  return tuples;
}

async function compare(bytes: Uint8Array, trial: Trial, about: string): Promise<Outcome> {
  const stored = await load(bytes, trial, true);
  const texts = await load(bytes, trial, false);
  const { plain: _, ...ours } = stored;
  const { plain: __, ...all } = texts;
  const theirs = { ...all, rejects: all.rejects.map((each, r) => without(each, ours.rejects[r])) };
  const mine = { ...ours, rejects: ours.rejects.map((each) => without(each, each)) };
  try {
    expect(ours.error).toBe(theirs.error);
    // What was done before a failure is done away with.
    if (theirs.error === null) expect(mine).toEqual(theirs);
  } catch (error) {
    console.log(about, JSON.stringify(trial));
    throw error;
  }
  return stored;
}

const TYPES: readonly ColumnPlan["type"][] = [
  { name: "smallint" },
  { name: "integer" },
  { name: "bigint" },
  { name: "real" },
  { name: "double precision" },
  { name: "numeric", precision: null, scale: null },
  { name: "numeric", precision: 5, scale: 2 },
  { name: "numeric", precision: 12, scale: 0 },
  { name: "numeric", precision: 38, scale: 9 },
  { name: "numeric", precision: 4, scale: -2 },
  { name: "boolean" },
  { name: "text" },
  { name: "varchar", length: 5 },
  { name: "char", length: 3 },
  { name: "uuid" },
  { name: "bytea" },
  { name: "date" },
  { name: "time" },
  { name: "timestamp" },
  { name: "timestamptz" },
  { name: "interval" },
  { name: "json" },
  { name: "jsonb" },
  { name: "other", sql: "bigint[]" },
  { name: "other", sql: "jsonb[]" },
  { name: "other", sql: "inet" },
];

function column(name: string, from: string, type: ColumnPlan["type"]): ColumnPlan {
  return {
    name,
    from,
    aliases: [],
    type,
    required: false,
    default: null,
    rules: {},
    options: {},
  };
}

const FREE: Omit<Trial, "columns"> = {
  options: OPTIONS,
  typeChanges: "freeze",
  bounds: null,
  isCounted: false,
};

/** The names of a file's fields. */
async function fieldsOf(bytes: Uint8Array): Promise<readonly string[]> {
  const reader = openReader(OPTIONS, { columns: [], others: "count" });
  try {
    for await (const _ of reader.batches!(inMemory(bytes))) break;
  } catch {
    // What can be known of it is.
  }
  return reader.header ?? [];
}

/**
 * Each field, by its number since names may be of several, in each type: what a type cannot hold is
 * NULL, so that no value hides another.
 */
async function compareAllTypes(bytes: Uint8Array, about: string): Promise<number> {
  const fields = await fieldsOf(bytes);
  let plain = 0;
  for (let turn = 0; turn < TYPES.length; turn++) {
    const columns = fields.map((_, f) =>
      column(`c${f}`, String(f + 1), TYPES[(f + turn) % TYPES.length])
    );
    if (columns.length === 0) return 0;
    const trial: Trial = { ...FREE, columns, typeChanges: "discard_value" };
    plain += (await compare(bytes, trial, about)).plain;
  }
  return plain;
}

const OWN = new URL("./", import.meta.url);
for await (const { name } of Deno.readDir(OWN)) {
  if (!name.endsWith(".parquet") || name === "pages.parquet") continue;
  Deno.test(`stored rows: ${name} comes to what its texts come to, in every type`, async () => {
    const bytes = await Deno.readFile(new URL(name, OWN));
    let plain = await compareAllTypes(bytes, name);
    for (const type of name === "plain.parquet" ? TYPES : []) {
      for (const f of (await fieldsOf(bytes)).keys()) {
        const columns = [column("c", String(f + 1), type)];
        plain += (await compare(bytes, { ...FREE, columns }, name)).plain;
      }
    }
    expect(plain > 0).toBe(name !== "no_rows.parquet");
  });
}

const SHARED = new URL("../../../../shared/data/parquet/", import.meta.url);
Deno.test("stored rows: files of other writers come to what their texts come to, in every type", async () => {
  let names: string[];
  try {
    names = (await Array.fromAsync(Deno.readDir(SHARED))).map(({ name }) => name);
  } catch {
    console.log("skipped: ../shared/data/parquet is absent");
    return;
  }
  for (const name of names.filter((each) => each.endsWith(".parquet")).sort()) {
    await compareAllTypes(await Deno.readFile(new URL(name, SHARED)), name);
  }
});

interface Random {
  /** From 0 up to that number, and not it. */
  below(limit: number): number;
  pick<T>(values: readonly T[]): T;
}

function makeRandom(seed: number): Random {
  const random = randomFrom(seed);
  return {
    below: (limit) => Math.floor(random() * limit),
    pick: (values) => pick(random, values),
  };
}

/** Values of a physical type that are near what types hold, or common. */
const VALUES: Readonly<Record<string, (random: Random) => unknown>> = {
  INT32: (random) =>
    random.pick([0, 1, -1, 7, 255, 32767, 32768, -32769, 2147483647, -2147483648, 18628, 719163]),
  INT64: (random) =>
    random.pick([
      0n,
      1n,
      -1n,
      32768n,
      86_399_999_999n,
      86_400_000_000n,
      1_614_515_696_123_456n,
      1_614_515_696_123n,
      1_614_515_696_123_456_789n,
      1_614_515_696_123_456_000n,
      -62_135_596_800_000_000n,
      9_007_199_254_740_993n,
      -9_223_372_036_854_775_808n,
      9_223_372_036_854_775_807n,
      BigInt(random.below(1000)),
    ]),
  DOUBLE: (random) =>
    random.pick([
      0,
      -0,
      1,
      -1,
      0.1,
      0.1 + 0.2,
      1.005,
      2.675,
      12.5,
      999.99,
      999.995,
      1e15,
      1e16,
      1e21,
      1e-7,
      5e-324,
      1.7e308,
      3.5e38,
      16777217,
      NaN,
      Infinity,
      -Infinity,
      32767,
      32768,
      random.below(100_000) / 100,
      -random.below(1000) / 8,
    ]),
  BOOLEAN: (random) => random.below(2) === 1,
  BYTE_ARRAY: (random) =>
    new TextEncoder().encode(
      random.pick([
        "",
        " ",
        "a",
        "  5 ",
        "42",
        "-1.50",
        "NULL",
        "none",
        "true",
        "Y",
        "2021-02-28",
        "2021-02-28 12:34:56.789",
        "2021-02-28T12:34:56+02",
        "23:59",
        '{"a": 1}',
        "[1, 2]",
        "ünï 𝄞 langer Text",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "x".repeat(random.below(200)),
      ]),
    ),
};

interface Field {
  readonly schema: Record<string, unknown>;
  readonly value: (random: Random) => unknown;
}

function fixed(length: number): (random: Random) => unknown {
  return (random) => {
    const sign = random.pick([0, 0, 255]);
    return Uint8Array.from(
      { length },
      (_, at) => at < length - 1 - random.below(9) ? sign : random.below(256),
    );
  };
}

const FIELDS: readonly Field[] = [
  { schema: { type: "INT32" }, value: VALUES.INT32 },
  { schema: { type: "INT32", converted_type: "DATE" }, value: VALUES.INT32 },
  { schema: { type: "INT32", converted_type: "TIME_MILLIS" }, value: VALUES.INT32 },
  {
    schema: { type: "INT32", converted_type: "UINT_32" },
    value: (random) => VALUES.INT32(random) as number >>> 0,
  },
  {
    schema: { type: "INT32", logical_type: { type: "DECIMAL", scale: 2, precision: 9 } },
    value: VALUES.INT32,
  },
  { schema: { type: "INT64" }, value: VALUES.INT64 },
  {
    schema: { type: "INT64", converted_type: "UINT_64" },
    value: (random) => BigInt.asUintN(64, VALUES.INT64(random) as bigint),
  },
  {
    schema: { type: "INT64", logical_type: { type: "DECIMAL", scale: 4, precision: 18 } },
    value: VALUES.INT64,
  },
  ...(["MILLIS", "MICROS", "NANOS"] as const).flatMap((unit) =>
    [false, true].map((isAdjustedToUTC): Field => ({
      schema: { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC, unit } },
      value: VALUES.INT64,
    }))
  ),
  {
    schema: {
      type: "INT64",
      logical_type: { type: "TIME", isAdjustedToUTC: false, unit: "MICROS" },
    },
    value: VALUES.INT64,
  },
  { schema: { type: "FLOAT" }, value: (random) => Math.fround(VALUES.DOUBLE(random) as number) },
  { schema: { type: "DOUBLE" }, value: VALUES.DOUBLE },
  { schema: { type: "BOOLEAN" }, value: VALUES.BOOLEAN },
  { schema: { type: "BYTE_ARRAY", converted_type: "UTF8" }, value: VALUES.BYTE_ARRAY },
  { schema: { type: "BYTE_ARRAY" }, value: VALUES.BYTE_ARRAY },
  {
    schema: { type: "FIXED_LEN_BYTE_ARRAY", type_length: 16, logical_type: { type: "UUID" } },
    value: fixed(16),
  },
  ...[3, 8, 16].map((length): Field => ({
    schema: {
      type: "FIXED_LEN_BYTE_ARRAY",
      type_length: length,
      logical_type: { type: "DECIMAL", scale: 2, precision: 5 },
    },
    value: fixed(length),
  })),
];

/** Types whose values a field may well have. */
function likely({ schema }: Field): readonly ColumnPlan["type"][] {
  const logical = schema.logical_type as { readonly type: string } | undefined;
  const names: Readonly<Record<string, RegExp>> = {
    DECIMAL: /^(numeric|integer)$/,
    TIMESTAMP: /^timestamp/,
    TIME: /^time$/,
    DATE: /^(date|timestamp)$/,
    TIME_MILLIS: /^time$/,
    UUID: /^uuid$/,
    INT32: /^(smallint|integer|bigint|real|double precision|numeric)$/,
    INT64: /^(smallint|integer|bigint|real|double precision|numeric)$/,
    FLOAT: /^(smallint|integer|bigint|real|double precision|numeric)$/,
    DOUBLE: /^(smallint|integer|bigint|real|double precision|numeric)$/,
    BOOLEAN: /^boolean$/,
    BYTE_ARRAY: /^(text|varchar|bytea|json|integer)$/,
  };
  const name = names[logical?.type ?? ""] ?? names[String(schema.converted_type)] ??
    names[String(schema.type)];
  return TYPES.filter((type) => name.test(type.name));
}

/** Values that types of the field have room for, near limits that rules may have. */
function tame({ schema }: Field, random: Random): ((random: Random) => unknown) | null {
  const logical = schema.logical_type as Readonly<Record<string, unknown>> | undefined;
  const unit = random.pick([1, 100, 1000]);
  const from = random.pick([0, 0, 32_760, 2 ** 31 - 5, 2 ** 53 - 5]);
  switch (logical?.type ?? schema.converted_type ?? schema.type) {
    case "INT32":
    case "UINT_32":
      return (random) => Math.min(2 ** 31 - 1, from + random.below(random.pick([9, 300])));
    case "DATE":
      return (random) => 18_600 + random.below(100);
    case "TIME_MILLIS":
      return (random) => random.below(86_400_001);
    case "TIME":
      return (random) => BigInt(random.below(86_401)) * 1_000_000n;
    case "INT64":
    case "UINT_64":
      return (random) => BigInt(from) + BigInt(random.below(random.pick([9, 300])));
    case "TIMESTAMP": {
      const perSecond = { MILLIS: 1000n, MICROS: 1_000_000n, NANOS: 1_000_000_000n }[
        logical!.unit as "MILLIS" | "MICROS" | "NANOS"
      ];
      return (random) =>
        BigInt(1_609_459_200 + random.below(5_000_000)) * perSecond + perSecond / 8n;
    }
    case "FLOAT":
      return (random) => random.below(10_000) / (unit === 1 ? 1 : 8);
    case "DOUBLE":
      return (random) => from + random.below(100_000) / unit;
    case "DECIMAL":
      if (schema.type === "INT64") return (random) => BigInt(random.below(100_000));
      return schema.type === "INT32" ? (random) => random.below(100_000) : null;
    default:
      return null;
  }
}

/** A file of fields some of whose values come again and again. */
function randomFile(random: Random, fields: readonly Field[], rows: number): Uint8Array {
  const data = fields.map((field) => {
    const ordinary = tame(field, random) ?? field.value;
    const wild = random.pick([0, 0, 1, 100]);
    const value = (random: Random) =>
      random.below(100) < wild ? field.value(random) : ordinary(random);
    // Few of them make a dictionary.
    const few = random.below(3) === 0
      ? null
      : Array.from({ length: 1 + random.below(4) }, () => value(random));
    const nulls = random.pick([0, 0, 1, 3, 10]);
    return Array.from(
      { length: rows },
      () => random.below(10) < nulls ? null : few === null ? value(random) : random.pick(few),
    );
  });
  // Else what comes again is in a dictionary.
  const isPlain = fields.map(() => random.below(2) === 0);
  return fileOf(fields, data, isPlain, {
    rowGroupSize: random.pick([7, 100, 1000]),
    pageSize: random.pick([64, 1000, 1 << 20]),
    codec: random.pick(["UNCOMPRESSED", "SNAPPY"] as const),
  });
}

function fileOf(
  fields: readonly Field[],
  data: readonly (readonly unknown[])[],
  isPlain: readonly boolean[],
  options: Partial<Parameters<typeof parquetWrite>[0]>,
): Uint8Array {
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    columnData: data.map((values, f) => ({
      name: `f${f}`,
      // deno-lint-ignore no-explicit-any -- values of any type, as the schema says
      data: values as any[],
      ...(isPlain[f] ? { encoding: "PLAIN" as const } : {}),
    })),
    schema: [
      { name: "root", num_children: fields.length },
      ...fields.map(({ schema }, f) => ({
        name: `f${f}`,
        repetition_type: "OPTIONAL",
        ...schema,
        // deno-lint-ignore no-explicit-any -- parts of schema elements
      } as any)),
    ],
    statistics: false,
    ...options,
  });
  return new Uint8Array(writer.getBuffer());
}

/** Literals of a type, for limits and defaults. */
function literals({ name }: ColumnPlan["type"]): readonly string[] {
  if (/^(smallint|integer|bigint)$/.test(name)) return ["-1", "0", "1", "7", "255", "32767"];
  if (/^(real|double precision|numeric)$/.test(name)) return ["-1", "0", "0.1", "12.5", "255"];
  if (name === "date") return ["1999-12-31", "2021-01-01", "2021-03-01"];
  if (/^timestamp/.test(name)) return ["1970-01-01", "2021-02-28 12:34:56", "2021-03-01"];
  if (name === "time") return ["00:00", "12:34:56", "23:59:59"];
  if (/^(text|varchar|char)$/.test(name)) return ["", "a", "42"];
  return [];
}

function randomColumn(random: Random, field: Field, f: number): ColumnPlan {
  const type = random.pick(random.below(4) === 0 ? TYPES : likely(field));
  const texts = literals(type);
  const isOrdered = texts.length > 0 && !/^(text|varchar|char)$/.test(type.name);
  const isText = /^(text|varchar)$/.test(type.name);
  const sometimes = <T>(is: boolean, value: T): T | Record<never, never> =>
    is && random.below(4) === 0 ? value : {};
  return {
    ...column(`c${f}`, `f${f}`, type),
    required: random.below(8) === 0,
    default: texts.length > 0 && random.below(8) === 0 ? random.pick(texts) : null,
    rules: {
      ...sometimes(isOrdered, { min: random.pick(texts) }),
      ...sometimes(isOrdered, { max: random.pick(texts) }),
      ...sometimes(texts.length > 0, { one_of: [random.pick(texts), random.pick(texts)] }),
      ...sometimes(isText, { pattern: random.pick(["^[0-9]+$", "1", "e"]) }),
      ...sometimes(isText, { max_length: 3 }),
    },
    options: random.below(3) > 0 ? {} : {
      ...sometimes(true, { null_values: random.pick([[""], ["", "0"], ["NULL"]]) }),
      ...sometimes(true, { trim: random.below(2) === 0 }),
      ...sometimes(true, { empty_as_null: true }),
      ...sometimes(true, { timezone: random.pick(["UTC", "Europe/Berlin"]) }),
      ...sometimes(/^(date|time)/.test(type.name), { format: "YYYY-MM-DD" }),
      ...sometimes(isOrdered, { decimal: "," as const }),
      ...sometimes(isOrdered, { negative: "parentheses" as const }),
      ...sometimes(type.name === "boolean", { true_values: ["Y", "true"], false_values: ["N"] }),
    },
  };
}

Deno.test("stored rows: each value at a limit, alone in its row group, comes to what its text comes to", async () => {
  let plain = 0;
  for (const field of FIELDS) {
    const random = makeRandom(1);
    // Some are drawn from a list: all of it, most likely.
    const values = [...new Set(Array.from({ length: 60 }, () => field.value(random)))];
    const bytes = fileOf([field], [values], [true], { rowGroupSize: 1 });
    for (const type of TYPES) {
      for (const timezone of type.name === "timestamptz" ? ["UTC", "Europe/Berlin"] : [undefined]) {
        const options = timezone === undefined ? {} : { timezone };
        const columns = [{ ...column("c", "f0", type), options }];
        plain += (await compare(bytes, { ...FREE, columns }, JSON.stringify(field.schema))).plain;
      }
    }
  }
  expect(plain).toBeGreaterThan(0);
});

Deno.test("stored rows: any file, with any columns, rules and options, comes to what its texts come to", async () => {
  const seed = testSeed();
  let plain = 0;
  let odd = 0;
  let impossible = 0;
  const times = rounds(60);
  console.log(`  ${times} files, seed ${seed}`);
  for (let round = 0; round < times; round++) {
    const random = makeRandom(seed + round);
    const fields = Array.from({ length: 1 + random.below(5) }, () => random.pick(FIELDS));
    const bytes = randomFile(random, fields, random.pick([1, 50, 300, 1500]));
    const columns = fields.map((field, f) => randomColumn(random, field, f));
    const dated = columns.filter(({ type }) => /^(date|timestamp)/.test(type.name));
    const bounded = dated.length > 0 && random.below(3) === 0 ? random.pick(dated) : null;
    const trial: Trial = {
      options: {
        ...OPTIONS,
        nullValues: random.pick([[], [""], ["", "0", "none"]]),
        trim: random.below(4) === 0,
        maxRecordBytes: random.pick([1 << 24, 1 << 24, 150]),
      },
      columns: random.below(5) === 0 ? columns.slice(1).concat(columns.slice(0, 1)) : columns,
      typeChanges: random.pick(
        ["freeze", "discard_value", "discard_value", "discard_row"] as const,
      ),
      bounds: bounded === null
        ? null
        : { column: bounded.name, start: "2021-01-01", end: "2022-01-01" },
      isCounted: random.below(10) === 0,
    };
    const outcome = await compare(bytes, trial, `seed ${seed}, round ${round}:`);
    if (outcome.error !== null) impossible++;
    plain += outcome.plain;
    odd += outcome.rejects.length;
  }
  // Both ways are gone, and few trials end before the first row.
  expect(impossible).toBeLessThan(times / 3);
  expect(plain).toBeGreaterThan(0);
  expect(odd).toBeGreaterThan(0);
});
