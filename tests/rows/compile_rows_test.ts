import { expect } from "packages/expect.ts";
import type { Reject } from "../../src/core/reject.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { ColumnPlan, PartitionBounds, RowsPlan } from "../../src/plan/load_plan.ts";
import { compileRows } from "../../src/rows/compile_rows.ts";
import { Frame } from "../../src/rows/frame.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import type { CsvOptions } from "../../src/spec/formats/csv.ts";
import { CSV } from "../support/csv_options.ts";

function column(name: string, more: Partial<ColumnPlan> = {}): ColumnPlan {
  return {
    name,
    from: name,
    aliases: [],
    type: { name: "text" },
    required: false,
    default: null,
    rules: {},
    options: {},
    ...more,
  };
}

const INTEGER = { type: { name: "integer" } } as const;

/** Encodes a CSV text; values come back as the hex of their bytes, or null. */
function encode(
  columns: readonly ColumnPlan[],
  csv: string,
  { format = {}, plan = {}, bounds = null }: {
    format?: Partial<CsvOptions>;
    plan?: Partial<RowsPlan>;
    bounds?: PartitionBounds | null;
  } = {},
) {
  const options = { ...CSV, ...format };
  const reader = openReader(options);
  const bytes = new TextEncoder().encode(csv);
  const batches = [reader.push(bytes)];
  const frame = new Frame(1);
  const rejects: Reject[] = [];
  let rows = 0;
  let names: readonly string[] = [];
  const run = () => {
    const batch = batches[0] ?? null;
    if (batch === null) return;
    const encoder = compileRows(
      {
        naming: options.header ? "header" : "position",
        nullValues: options.nullValues,
        trim: options.trim,
        columns,
        newColumns: "freeze",
        missingColumns: "freeze",
        typeChanges: "freeze",
        lineColumn: false,
        offsetColumn: false,
        ...plan,
      },
      [{ name: "origin", type: { name: "text" }, value: "x" }],
      {
        header: reader.header,
        width: reader.header?.length ?? batch.width,
        ...reader.about,
        bounds,
      },
    );
    names = encoder.columns;
    rows += encoder.encode(batch, frame, (reject) => rejects.push(reject));
  };
  run();
  batches[0] = reader.finish();
  run();
  return { rows, names, rejects, values: decode(frame) };
}

function decode(frame: Frame): (string | null)[][] {
  const tuples: (string | null)[][] = [];
  for (let at = 0; at < frame.length;) {
    const tuple: (string | null)[] = [];
    let left = frame.view.getInt16(at);
    at += 2;
    while (left-- > 0) {
      const length = frame.view.getInt32(at);
      at += 4;
      tuple.push(
        length < 0 ? null : new TextDecoder().decode(frame.bytes.subarray(at, at + length)),
      );
      at += Math.max(0, length);
    }
    tuples.push(tuple);
  }
  return tuples;
}

Deno.test("NULL: unquoted empty, never quoted; a column's own null values replace the format's", () => {
  const columns = [
    column("a"),
    column("b", { options: { null_values: ["NA"] } }),
    column("c", { options: { empty_as_null: true } }),
  ];
  const { values, names } = encode(columns, 'a,b,c\n,,""\n"",NA,x\nNA,"NA",\n');
  expect(names).toEqual(["a", "b", "c", "origin"]);
  expect(values).toEqual([[null, "", null, "x"], ["", null, "x", "x"], ["NA", "NA", null, "x"]]);
});

Deno.test("a default takes the place of NULL before required", () => {
  const columns = [
    column("a", { required: true, default: "none" }),
    column("b", { required: true }),
  ];
  const { values, rejects } = encode(columns, "a,b\n,1\n2,\n");
  expect(values).toEqual([["none", "1", "x"]]);
  expect(rejects.map(({ code, column, line }) => [code, column, line])).toEqual([
    ["required", "b", 3],
  ]);
});

Deno.test("escapes are undone, trim trims", () => {
  const { values } = encode(
    [column("a"), column("b", { options: { trim: true } })],
    'a,b\n"x ""y""", z \n',
  );
  expect(values).toEqual([['x "y"', "z", "x"]]);
});

Deno.test("trim: the format's leaves quoted fields alone, the column's own does not", () => {
  const columns = [column("a"), column("b", { options: { trim: true } }), column("c")];
  const csv = 'a,b,c\n" x "," y "," "\n\t x , y ,  \n';
  expect(encode(columns, csv, { format: { trim: true } }).values)
    .toEqual([[" x ", "y", " ", "x"], ["x", "y", null, "x"]]);
});

Deno.test("a null value is compared after trimming, and only outside quotes", () => {
  const na = { nullValues: ["", "NA"], trim: true };
  const { values } = encode([column("a"), column("b")], 'a,b\n NA ,"NA"\nN,NAA\n', { format: na });
  expect(values).toEqual([[null, "NA", "x"], ["N", "NAA", "x"]]);
});

Deno.test("a message cuts its value at 80 characters and says so", () => {
  const long = "é".repeat(79) + "x".repeat(400);
  const wide = "😀".repeat(81);
  const { rejects } = encode([column("n", INTEGER)], `n\n${long}\n${wide}\n`);
  expect(rejects.map(({ message }) => message)).toEqual([
    `"${"é".repeat(79)}x…" is not an integer`,
    `"${"😀".repeat(80)}…" is not an integer`,
  ]);
});

Deno.test("the file holds each reject's raw record at its byte offset", () => {
  const csv = '\ufeffn,t\r\n1,"a\n""b"\r\nx,é\r\n2,c\n"y","z\n"\n3,\rz,é';
  const bytes = new TextEncoder().encode(csv);
  const reader = openReader(CSV);
  const frame = new Frame(64);
  const rejects: Reject[] = [];
  let rows = 0;
  // One byte at a time, so that every record lies across chunks.
  const batches = function* () {
    for (const byte of bytes) yield reader.push(Uint8Array.of(byte));
    yield reader.finish();
  };
  for (const batch of batches()) {
    if (batch === null) continue;
    const encoder = compileRows(
      {
        naming: "header",
        nullValues: [""],
        trim: false,
        columns: [column("n", INTEGER), column("t")],
        newColumns: "freeze",
        missingColumns: "freeze",
        typeChanges: "freeze",
        lineColumn: false,
        offsetColumn: false,
      },
      [],
      { header: reader.header, width: 2 },
    );
    rows += encoder.encode(batch, frame, (reject) => rejects.push(reject));
  }
  expect(rows).toBe(3);
  expect(rejects.map(({ line, column }) => [line, column])).toEqual([[4, "n"], [6, "n"], [9, "n"]]);
  for (const { raw, byteOffset } of rejects) {
    expect(raw).toEqual(bytes.slice(byteOffset, byteOffset + raw.length));
  }
  expect(rejects.map(({ raw }) => new TextDecoder().decode(raw)))
    .toEqual(["x,é", '"y","z\n"', "z,é"]);
});

Deno.test("only the first failing column of a row is told", () => {
  const columns = [column("a", INTEGER), column("b", { ...INTEGER, rules: { min: "5" } })];
  const { rejects } = encode(columns, "a,b\n1,1\nx,1\n1,y\n");
  expect(rejects.map(({ column, code }) => [column, code])).toEqual([
    ["b", "below_min"],
    ["a", "invalid_integer"],
    ["b", "invalid_integer"],
  ]);
});

Deno.test("a default or a constant that is no value of its type is an error before the first row", () => {
  for (
    const [more, message] of [
      [{ ...INTEGER, default: "x" }, 'a, default: "x" is not an integer'],
      [{ ...INTEGER, default: "1", rules: { min: "2" } }, 'a, default: "1" is not at least 2'],
    ] as const
  ) {
    try {
      encode([column("a", more)], "a\n1\n");
      throw new Error("It was taken");
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      expect([error.code, error.message]).toEqual(["rows/invalid_value", message]);
    }
  }
});

Deno.test("a frame grows under values far longer than their fields, and keeps what it holds", () => {
  const columns = [
    column("a", { type: { name: "numeric", precision: null, scale: null } }),
    column("b", { type: { name: "char", length: 5000 } }),
    column("c"),
    column("d", { default: "d".repeat(3000) }),
  ];
  const lines = Array.from({ length: 50 }, (_, i) => `1e${i * 100},x,row ${i},`);
  const { values, rows } = encode(columns, `a,b,c,d\n${lines.join("\n")}\n`);
  expect(rows).toBe(50);
  values.forEach((tuple, i) => {
    expect(tuple.slice(1)).toEqual(["x".padEnd(5000), `row ${i}`, "d".repeat(3000), "x"]);
  });
});

Deno.test("a bad value rolls its row back and is one reject, in file order with malformed records", () => {
  const csv = `n,m\n1,1\nabc,no\n7\n2,${"9".repeat(100)}\n3,3\n`;
  const { rows, rejects, values } = encode([column("n", INTEGER), column("m", INTEGER)], csv);
  expect(rows).toBe(2);
  expect(values).toHaveLength(2);
  expect(rejects.map(({ code, line }) => [code, line])).toEqual([
    ["invalid_integer", 3],
    ["too_few_fields", 4],
    ["out_of_range", 5],
  ]);
  expect(rejects[0]!.message).toBe('"abc" is not an integer');
  expect(rejects[0]!.byteOffset).toBe(8);
  expect(new TextDecoder().decode(rejects[0]!.raw)).toBe("abc,no");
  expect(rejects[2]!.message).toContain(`"${"9".repeat(80)}…" is not`);
});

Deno.test("rules compare values, not texts", () => {
  const numeric = { name: "numeric", precision: 10, scale: 2 } as const;
  const cases: [Partial<ColumnPlan>, string, string][] = [
    [{ type: numeric, rules: { min: "9" } }, "10", "8.99"],
    [{ type: numeric, rules: { max: "-0.5" } }, "-0.50", "-0.49"],
    [
      { type: { name: "bigint" }, rules: { min: "-5", max: "4294967297" } },
      "4294967297",
      "4294967298",
    ],
    [{ type: { name: "date" }, rules: { max: "2021-01-31" } }, "2021-01-31", "2021-02-01"],
    [{ rules: { max_length: 2 } }, "é€", "abc"],
    [{ rules: { pattern: "^\\p{L}+$" } }, "é", "1"],
    [{ ...INTEGER, rules: { one_of: ["1", "2"] } }, "+02", "3"],
  ];
  for (const [more, good, bad] of cases) {
    const { rows, rejects } = encode([column("a", more)], `a\n${good}\n${bad}\n`);
    expect([rows, rejects.length, rejects[0]?.line]).toEqual([1, 1, 3]);
  }
});

Deno.test("bounds keep other partitions' rows and NULL out", () => {
  const at = column("at", { type: { name: "timestamp" } });
  const bounds = { column: "at", start: "2021-01-01", end: "2021-02-01" };
  const csv = "at,x\n2021-01-01 00:00:00,1\n2021-02-01 00:00:00,2\n,3\n2020-12-31 23:59:59,4\n";
  const { rows, rejects } = encode([at, column("x")], csv, { bounds });
  expect(rows).toBe(1);
  expect(rejects.map(({ code }) => code)).toEqual(Array(3).fill("outside_partition"));
});

Deno.test("header: missing and new columns in one error, duplicates, discard_value", () => {
  const code = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      if (error instanceof SluiceError) return error;
    }
    throw new Error("Nothing was thrown");
  };
  const mismatch = code(() => encode([column("a"), column("b")], "a,New One\n1,2\n"));
  expect(mismatch.code).toBe("rows/schema_mismatch");
  expect(mismatch.message).toContain('lacks "b"');
  expect(mismatch.hint).toContain('"new_one": { type: text, from: "New One" }');
  expect(mismatch.hint).toContain("schema_contract: { new_columns: discard_value }");
  expect(code(() => encode([column("a")], "a,a\n1,2\n")).code).toBe("rows/duplicate_header");
  const loose = encode([column("b")], "a,b\n1,2\n", { plan: { newColumns: "discard_value" } });
  expect(loose.values).toEqual([["2", "x"]]);
  const positions = encode([column("p", { from: "2" }), column("q", { from: "1" })], "1,2\n", {
    format: { header: false },
  });
  expect(positions.values).toEqual([["2", "1", "x"]]);
  expect(code(() => encode([column("p")], "1,2\n", { format: { header: false } })).code)
    .toBe("rows/schema_mismatch");
});

Deno.test("line and offset columns come last; wide padding does not starve the next value", () => {
  const { names, values } = encode(
    [column("a", { type: { name: "char", length: 500 } }), column("b")],
    "a,b\nx,y\n",
    { plan: { lineColumn: true, offsetColumn: true } },
  );
  expect(names).toEqual(["a", "b", "origin", "_source_line", "_sluice_offset"]);
  expect(values[0]!.slice(0, 3)).toEqual(["x".padEnd(500), "y", "x"]);
  expect(values[0]![3]!.charCodeAt(7)).toBe(2);
  expect(values[0]![4]!.charCodeAt(7)).toBe(4);
});
