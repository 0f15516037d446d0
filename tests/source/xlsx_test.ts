import { gzipSync } from "node:zlib";
import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { NULL, STRING } from "../../src/core/field_flags.ts";
import type { Wanted } from "../../src/source/formats/format.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import { kindOfFormat } from "../../src/source/formats/xlsx/styles.ts";
import { numberText, serialText } from "../../src/source/formats/xlsx/values.ts";
import { buildFormat, formatSchema } from "../../src/spec/formats/mod.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { bytesOf, randomFrom, testSeed } from "./support.ts";
import { zipOf } from "./zip_writer.ts";
import { type XlsxBook, type XlsxCell, xlsxOf } from "./xlsx_writer.ts";

const ALL: Wanted = { columns: [], others: "read" };

async function read(bytes: Uint8Array<ArrayBuffer>, options: object = {}, wanted = ALL) {
  const format = buildFormat(formatSchema.parse({ type: "xlsx", ...options }));
  const reader = openReader(format, wanted);
  const file = {
    size: bytes.length,
    shown: "book.xlsx",
    read: (start: number, end: number) => Promise.resolve(bytes.slice(start, end)),
    confirm: () => Promise.resolve(),
  };
  const rows: (string | null)[][] = [];
  const lines: number[] = [];
  const malformed: string[] = [];
  let texts = "";
  let most = 0;
  for await (const batch of reader.batches!(file)) {
    most = Math.max(most, batch.bytes.length);
    for (let r = 0; r < batch.count; r++) {
      lines.push(batch.lines[r]);
      rows.push(Array.from({ length: batch.width }, (_, f) => {
        const at = r * batch.width + f;
        if (batch.flags[at] & NULL) return null;
        texts += batch.flags[at] & STRING ? "t" : "n";
        return new TextDecoder().decode(batch.bytes.subarray(batch.starts[at], batch.ends[at]));
      }));
    }
    malformed.push(
      ...batch.malformed.map(({ line, code, message }) => `${line} ${code} ${message}`),
    );
  }
  return { header: reader.header, rows, lines, malformed, texts, most };
}

async function faultOf(book: XlsxBook | Uint8Array<ArrayBuffer>, options: object = {}) {
  try {
    await read(book instanceof Uint8Array ? book : xlsxOf(book), options);
  } catch (error) {
    if (error instanceof SluiceError) return error.toJSON();
    throw error;
  }
  throw new Error("It did not fail");
}

const one = (rows: readonly (readonly XlsxCell[])[], more: Partial<XlsxBook> = {}): XlsxBook => ({
  sheets: [{ name: "Data", rows }],
  ...more,
});

Deno.test("xlsx: values arrive as they were written, however the workbook is put together", async () => {
  const random = randomFrom(testSeed("xlsx_test"));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const texts = ["a", "ünï 𝄞", " x ", "one\ntwo", "a\r\tb", "_x0041_", '<&">', "007", "TRUE"];
  for (let round = 0; round < 60; round++) {
    const width = 1 + Math.floor(random() * 30);
    const value = (): XlsxCell => {
      const kind = random();
      if (kind < 0.3) return null;
      if (kind < 0.6) return pick(texts);
      if (kind < 0.7) return random() < 0.5;
      return pick([0, 1, -1, 0.1, 1 / 3, 1e15, 123456789012, -0.5, 12.5]);
    };
    const rows = Array.from(
      { length: Math.floor(random() * 40) },
      () => Array.from({ length: width }, value),
    );
    const header = Array.from({ length: width }, (_, c) => `c${c}`);
    const book = one([header, ...rows], {
      inline: random() < 0.3,
      prefix: pick(["", "", "x"]),
      stringsFirst: random() < 0.5,
      ...(random() < 0.2 ? { stringsPart: "xl/Other Texts.xml" } : {}),
      zip: pick([{}, { method: 0 }, { behind: "signed" as const }, { zip64: true }]),
    });
    const found = await read(xlsxOf(book));
    const kept = rows.map((row, r) => ({ row, line: r + 2 }))
      .filter(({ row }) => row.some((each) => each !== null));
    expect(found.header).toEqual(header);
    expect(found.malformed).toEqual([]);
    expect(found.lines).toEqual(kept.map(({ line }) => line));
    expect(found.rows).toEqual(
      kept.map(({ row }) => row.map((each) => each === null ? null : String(each))),
    );
    expect(found.texts).toBe(
      kept.flatMap(({ row }) => row).filter((each) => each !== null)
        .map((each) => typeof each === "string" ? "t" : "n").join(""),
    );
  }
});

Deno.test("xlsx: a cell is true or false only where it says so, and nothing where it is empty", async () => {
  const cell = (type: string, inner: string) => ({ xml: `<c r="@" t="${type}">${inner}</c>` });
  const header = ["id", "b"];
  const cells = [
    ["<v>1</v>", "true"],
    ["<v> 0 </v>", "false"],
    ["<v>TRUE</v>", "true"],
    ["<v>false</v>", "false"],
    ["<v>2</v>", "2"],
    ["<v>yes</v>", "yes"],
    ["<v></v>", null],
    ["", null],
  ] as const;
  const rows = cells.map(([inner], id) => [id, cell("b", inner)]);
  const found = await read(xlsxOf(one([header, ...rows, [9, cell("d", "<v/>")]])));
  expect(found.rows.map(([, b]) => b)).toEqual([...cells.map(([, text]) => text), null]);
  const formula = await read(xlsxOf(one([header, [1, cell("b", "<f>A1</f><v></v>")]])));
  expect(formula.malformed).toEqual([expect.stringContaining("formula_without_value")]);
});

Deno.test("xlsx: a day that is stored as ISO 8601 has no time either, unless its format has one", async () => {
  const cell = (style: number, text: string) => ({
    xml: `<c r="@" s="${style}" t="d"><v>${text}</v></c>`,
  });
  const texts = ["2021-01-31T00:00:00", "2021-01-31T00:00:00.000", "2021-01-31T12:00:00"];
  const rows = [["day", "at"], ...texts.map((text) => [cell(1, text), cell(2, text)])];
  const book = xlsxOf(one(rows, { formats: [14, "yyyy-mm-dd hh:mm"] }));
  const days = ["2021-01-31", "2021-01-31", texts[2]];
  expect((await read(book)).rows).toEqual(texts.map((text, r) => [days[r], text]));
  const asDate: Wanted = {
    columns: [{ from: "at", aliases: [], type: { name: "date" } }],
    others: "skip",
  };
  expect((await read(book, {}, asDate)).rows.map(([, at]) => at)).toEqual(days);
});

Deno.test("xlsx: numbers keep their digits, and doubles are those that people see", () => {
  for (
    const [stored, text] of [
      ["1", "1"],
      ["-0", "-0"],
      ["007", "7"],
      ["1.0", "1"],
      ["1.50", "1.5"],
      [".5", "0.5"],
      ["12345678901234567890", "12345678901234567890"],
      ["12345678901234567", "12345678901234567"],
      ["0.10000000000000001", "0.1"],
      ["19.989999999999998", "19.99"],
      ["0.30000000000000004", "0.30000000000000004"],
      ["1.2345678901234567890123", "1.2345678901234567890123"],
      ["1E+15", "1000000000000000"],
      ["1.5E-3", "0.0015"],
      ["-1.0000000000000001E-2", "-0.01"],
      ["1E+300", "1e+300"],
      [" 5 ", "5"],
      ["x", "x"],
    ]
  ) expect([stored, numberText(stored)]).toEqual([stored, text]);
});

Deno.test("xlsx: days and times are those that Excel shows, in both systems", () => {
  for (
    const [serial, kind, text, is1904 = false] of [
      ["1", "date", "1900-01-01"],
      ["59", "date", "1900-02-28"],
      // A day that never was: a date column refuses it.
      ["60", "date", "1900-02-29"],
      ["61", "date", "1900-03-01"],
      ["44197", "date", "2021-01-01"],
      ["44197.5", "date", "2021-01-01 12:00:00"],
      ["44197", "datetime", "2021-01-01 00:00:00"],
      ["44197.000011574073", "datetime", "2021-01-01 00:00:01"],
      ["44197.999999999", "datetime", "2021-01-02 00:00:00"],
      ["44197.50000115741", "datetime", "2021-01-01 12:00:00.1"],
      ["0.75", "time", "18:00:00"],
      ["0", "time", "00:00:00"],
      ["0.5", "datetime", "12:00:00"],
      ["44197.25", "time", "2021-01-01 06:00:00"],
      ["1.25", "duration", "30:00:00"],
      ["-0.5", "duration", "-12:00:00"],
      ["0", "date", "1904-01-01", true],
      ["42735", "date", "2021-01-01", true],
      ["42735.5", "datetime", "2021-01-01 12:00:00", true],
      ["2958465", "date", "9999-12-31"],
      ["2958466", "date", "2958466"],
      ["-1", "date", "-1"],
    ] as const
  ) expect([serial, serialText(serial, kind, is1904, false)]).toEqual([serial, text]);
  expect(serialText("44197", "datetime", false, true)).toBe("2021-01-01");
  for (
    const [format, kind] of [
      ["General", "number"],
      ["0.00", "number"],
      ["#,##0.00\\ [$€-407]", "number"],
      ["0.00E+00", "number"],
      ["@", "number"],
      ['0 "days"', "number"],
      ["yyyy\\-mm\\-dd", "date"],
      ["[$-409]d\\-mmm\\-yy;@", "date"],
      ["mmm-yy", "date"],
      ["dd/mm/yyyy hh:mm", "datetime"],
      ["yyyy-mm-dd hh:mm:ss.000", "datetime"],
      ['yyyy"年"m"月"d"日"', "date"],
      ["h:mm AM/PM", "time"],
      ["mm:ss.0", "time"],
      ["[h]:mm:ss", "duration"],
      ["[mm]:ss", "duration"],
      ["[Red]0;[Blue]-0", "number"],
    ] as const
  ) expect([format, kindOfFormat(format)]).toEqual([format, kind]);
});

Deno.test("xlsx: the sheet and the header are those that are asked for", async () => {
  const book: XlsxBook = {
    sheets: [
      { name: "Hidden", rows: [["a"], ["hidden"]], state: "hidden" },
      { name: "First & last", rows: [[], ["Report"], [null, null], ["a", null, "b"], ["x", "y"]] },
      { name: "Other", rows: [["a"], ["other"]], part: "xl/elsewhere/Odd Name.xml" },
    ],
  };
  const rows = async (options: object) => (await read(xlsxOf(book), options)).rows;
  expect(await rows({ header_row: 4 })).toEqual([["x", "y", null]]);
  expect((await read(xlsxOf(book), { header_row: 4 })).header).toEqual(["a", "", "b"]);
  expect(await rows({ sheet: "other" })).toEqual([["other"]]);
  expect(await rows({ sheet: 3 })).toEqual([["other"]]);
  expect(await rows({ sheet: "Hidden" })).toEqual([["hidden"]]);
  expect(await rows({ sheet: 1, header: false })).toEqual([["a"], ["hidden"]]);
  expect(await rows({ header: false, header_row: 5 })).toEqual([["x", "y"]]);
  // The title is the first row that is not empty.
  expect(await read(xlsxOf(book))).toMatchObject({ header: ["Report"], rows: [["x"]].slice(1) });
  expect(await faultOf(book, { sheet: "Nope" })).toMatchObject({
    code: "source/no_sheet",
    hint: expect.stringContaining('"Hidden" (hidden), "First & last", "Other"'),
  });
  expect(await faultOf(book, { sheet: 9 })).toMatchObject({ code: "source/no_sheet" });
  expect(await faultOf(book, { header_row: 3 })).toMatchObject({ code: "source/malformed_header" });
  expect(await faultOf(one([]))).toMatchObject({ code: "source/empty_file" });
});

Deno.test("xlsx: errors, formulas without a value and merged cells are rejects with their cell", async () => {
  const rows: XlsxCell[][] = [
    ["id", "v", "w"],
    [1, { xml: '<c r="@" t="e"><f>1/0</f><v>#DIV/0!</v></c>' }],
    [2, { xml: '<c r="@"><f>NOW()</f></c>' }],
    [3, { xml: '<c r="@"><f>1+1</f><v>2</v></c>' }],
    [4, { xml: '<c r="@" t="str"><f>"a"</f><v>a_x000D_b</v></c>' }],
    [5, "five", "x"],
    [6],
    [7, "seven", "y", "behind"],
    [8, { xml: '<c r="@" t="str"><f>""</f><v></v></c>' }],
  ];
  const book: XlsxBook = {
    sheets: [{ name: "Data", rows, merges: ["B6:B7", "A9:A9", "E1:F1"] }],
  };
  const { rows: found, malformed } = await read(xlsxOf(book));
  expect(found).toEqual([["3", "2", null], ["4", "a\rb", null], ["5", "five", "x"], [
    "8",
    "",
    null,
  ]]);
  expect(malformed).toEqual([
    '2 cell_error Cell B2 is the error #DIV/0! (sheet "Data", row 2)',
    '3 formula_without_value Cell B3 has a formula whose value was never stored (sheet "Data", row 3)',
    '7 merged_cell Cell B7 is merged into B6:B7, which has one value (sheet "Data", row 7)',
    '8 too_many_fields Cell D8 stands behind the last field, which is in column C (sheet "Data", row 8)',
  ]);
  const filled = await read(xlsxOf(book), { merged_cells: "fill", null_values: ["#DIV/0!", ""] });
  expect(filled.rows[0]).toEqual(["1", "#DIV/0!", null]);
  expect(filled.rows[4]).toEqual(["6", "five", null]);
  const empty = await read(xlsxOf(book), { merged_cells: "empty" });
  expect(empty.rows[3]).toEqual(["6", null, null]);
  // Nobody reads the column.
  const others = await read(xlsxOf(book), {}, {
    columns: [{ from: "id", aliases: [] }],
    others: "skip",
  });
  expect(others.rows.length).toBe(7);
});

Deno.test("xlsx: what no workbook is, is named", async () => {
  const fine = one([["a"], ["x"]]);
  const bytes = xlsxOf(fine);
  for (
    const [book, code, says, options] of [
      [bytes.slice(0, -30), "source/corrupt_compression", ""],
      [bytes.slice(0, 400), "source/corrupt_compression", ""],
      [{ ...fine, parts: { "xl/sharedStrings.xml": null } }, "source/corrupt_xlsx", "is missing"],
      [{ ...fine, parts: { "xl/styles.xml": "<a>" } }, "source/corrupt_xlsx", "xl/styles.xml"],
      [{ ...fine, parts: { "_rels/.rels": null } }, "source/corrupt_xlsx", "which part"],
      [{ ...fine, parts: { "xl/worksheets/sheet1.xml": null } }, "source/corrupt_xlsx", "sheet1"],
      [
        { ...fine, parts: { "xl/workbook.xml": "<document/>" } },
        "source/xlsx_not_available",
        "no workbook",
      ],
      [
        {
          ...fine,
          parts: { "xl/workbook.xml": '<!DOCTYPE a [<!ENTITY b "c">]><workbook>&b;</workbook>' },
        },
        "source/corrupt_xlsx",
        "entity",
      ],
      [one([["a"], [{ xml: '<c r="@" t="s"><v>99</v></c>' }]]), "source/corrupt_xlsx", "99"],
      [one([["a"], [{ xml: '<c r="A1"><v>1</v></c>' }]]), "source/corrupt_xlsx", '"A1"'],
      [one([["a"], [{ xml: '<c r="B2"/><c r="A2"/>' }]]), "source/corrupt_xlsx", "A2"],
      [one([["a"], [{ xml: "<v>1</c>" }]]), "source/corrupt_xlsx", "sheet1"],
    ] as [XlsxBook | Uint8Array<ArrayBuffer>, string, string, object?][]
  ) {
    const fault = await faultOf(book, options);
    expect([says, fault.code]).toEqual([says, code]);
    expect(fault.message).toContain(says);
    expect(fault.message).toContain("book.xlsx");
    expect(fault.hint).toBeTruthy();
  }
  const compound = (name: string) => {
    const file = new Uint8Array(4096);
    file.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
    const view = new DataView(file.buffer);
    view.setUint16(30, 9, true);
    view.setUint32(48, 2, true);
    for (let i = 0; i < name.length; i++) view.setUint16(1536 + i * 2, name.charCodeAt(i), true);
    return file;
  };
  expect((await faultOf(compound("EncryptedPackage"))).message).toContain("encrypted");
  expect((await faultOf(compound("Workbook"))).message).toContain("old kind (.xls)");
});

Deno.test("xlsx: a workbook that is made to fill memory does not", async () => {
  const long = "x".repeat(32_000);
  const cells = Array.from({ length: 200 }, (): XlsxCell[] => [long, long]);
  const { rows, most } = await read(xlsxOf(one([["a", "b"], ...cells])));
  expect(rows.length).toBe(200);
  expect(most).toBeLessThan(8 << 20);
  const open = { xml: `<c r="A2" t="str"><v>${"x".repeat(9 << 20)}</v></c>` };
  expect(await faultOf(one([["a"], [open]]), { max_record_bytes: 1 << 20 }))
    .toMatchObject({ code: "source/xlsx_too_large" });
  const bad = await read(xlsxOf(one([["a"], [long], ["b"]])), { max_record_bytes: 1024 });
  expect(bad.rows).toEqual([["b"]]);
  expect(bad.malformed[0]).toContain("2 record_too_long");
});

function yaml(format: string, columns: string, more = ""): string {
  return `
pipeline: things
source: { url: in.xlsx, format: ${format} }
target: { table: shop.things, lineage: true }
refresh: { mode: full }
idempotency_key: [id]
columns: { ${columns} }
rejects: { limit: 100 }
verify: full
${more}`;
}

Deno.test("xlsx loads types, rejects with sheet and cell, replays, and is found again unchanged", async () => {
  const style = (n: number, value: string) => ({ xml: `<c r="@" s="${n}"><v>${value}</v></c>` });
  const book = one([
    ["id", "on day", "at", "clock", "took", "n", "ok", "t", "d"],
    [
      1,
      style(1, "44197"),
      style(2, "44197.5"),
      style(3, "0.75"),
      style(4, "1.25"),
      0.1,
      true,
      "x",
      style(2, "44198"),
    ],
    [2, style(1, "60"), null, null, null, 1, false, "y"],
    [3, style(1, "44197"), null, null, null, "n/a", null, {
      xml: '<c r="@" t="e"><v>#N/A</v></c>',
    }],
    [1, null, null, null, null, 2, null, "again"],
    [{ xml: '<c r="@"><v>12345678901234567</v></c>' }, null, null, null, null, 3],
  ], { formats: [14, "yyyy-mm-dd hh:mm", "h:mm", "[h]:mm"] });
  await using test = await testDatabase();
  using files = workspace({ "in.xlsx": xlsxOf(book) });
  const columns = 'id: bigint, day: { type: date, from: "on day" }, at: timestamp, clock: time, ' +
    "took: interval, n: numeric, ok: boolean, t: text, d: date";
  const spec = specOf(yaml("xlsx", columns), files.folder);
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 2, rows_rejected: 3 });
  expect(
    await test.db.query(`select id::text, day::text, at::text, clock::text, took::text, n::text,
ok, t, d::text, _source_line::int from shop.things order by things.id`),
  ).toEqual([
    {
      id: "1",
      day: "2021-01-01",
      at: "2021-01-01 12:00:00",
      clock: "18:00:00",
      took: "30:00:00",
      n: "0.1",
      ok: true,
      t: "x",
      d: "2021-01-02",
      _source_line: 2,
    },
    {
      id: "12345678901234567",
      day: null,
      at: null,
      clock: null,
      took: null,
      n: "3",
      ok: null,
      t: null,
      d: null,
      _source_line: 6,
    },
  ]);
  const rejects = await test.db.query<Record<string, string>>(
    "select line::int, code, message, convert_from(raw, 'UTF8') as raw from sluice.rejected_rows order by line",
  );
  expect(rejects.map(({ line, code }) => [line, code])).toEqual([
    [3, "invalid_date"],
    [4, "cell_error"],
    [5, "duplicate_key"],
  ]);
  expect(rejects[0].message).toContain('(sheet "Data", cell B3)');
  expect(rejects[1].message).toContain("Cell H4 is the error #N/A");
  expect(JSON.parse(rejects[1].raw)).toEqual(
    ["3", "2021-01-01", null, null, null, "n/a", null, { error: "#N/A" }],
  );
  expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
  const mended = specOf(
    yaml('{ type: xlsx, null_values: ["", "#N/A", n/a] }', columns),
    files.folder,
  );
  const { context } = testContext(test.db);
  for (const rows_loaded of [1, 0]) {
    expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded });
  }
  expect(await test.db.query("select id::text, n, t from shop.things where id = 3"))
    .toEqual([{ id: "3", n: null, t: null }]);
});

Deno.test("xlsx: packed workbooks are read, and what is none is named", async () => {
  await using test = await testDatabase();
  const bytes = xlsxOf(one([["id", "t"], [1, "a"], [2, "b"]]));
  const load = async (name: string, content: Uint8Array, source = "") => {
    using files = workspace({ [name]: content });
    const result = await run(
      test.db,
      specOf(
        `
pipeline: things
source: { url: ${name}, format: xlsx ${source} }
target: { table: shop.things }
refresh: { mode: full }
columns: { id: integer, t: text }
`,
        files.folder,
      ),
      { force: true },
    );
    return result.error === null ? result.rows_loaded : result.error;
  };
  const zip = zipOf([{ name: "a.xlsx", bytes }, { name: "b.xlsx", bytes }, {
    name: "c.txt",
    bytes: bytesOf("c"),
  }]);
  expect(await load("in.xlsx.gz", new Uint8Array(gzipSync(bytes)))).toBe(2);
  expect(await load("in.zip", zip, ', members: "*.xlsx"')).toBe(4);
  expect(await load("in.zip", zipOf([{ name: "a.xlsx", bytes }]))).toBe(2);
  expect(await load("in.xlsx", bytes, ", compression: none")).toBe(2);
  for (
    const [content, says] of [
      ["id,t\n1,a\n", "something else"],
      ["<html><body>", "an HTML page"],
    ]
  ) {
    expect(await load("in.xlsx", bytesOf(content))).toMatchObject({
      code: "source/other_format",
      message: expect.stringContaining(says),
    });
  }
  expect(await load("in.xlsx", zipOf([{ name: "a.csv", bytes: bytesOf("id,t\n1,a\n") }])))
    .toMatchObject({ code: "source/other_format" });
});

Deno.test("xlsx: a part that lies is told, or read to its end", async () => {
  const random = randomFrom(testSeed("xlsx_test lies"));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const style = { xml: '<c r="@" s="1"><v>44197.5</v></c>' };
  const book: XlsxBook = {
    sheets: [{ name: "A", rows: [["a", "b"], [1, style], ["x", true]], merges: ["A2:A3"] }],
    formats: ["yyyy-mm-dd hh:mm"],
  };
  const bytes = xlsxOf({ ...book, zip: { method: 0 } });
  const parts = [
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
  ];
  const text = new TextDecoder().decode(bytes);
  let told = 0;
  for (let round = 0; round < 300; round++) {
    const name = pick([...parts, "xl/_rels/workbook.xml.rels", "_rels/.rels"]);
    const from = text.indexOf(name) + name.length;
    const part = text.slice(from, text.indexOf("PK", from));
    const at = Math.floor(random() * part.length);
    const lie = part.slice(0, at) +
      pick(["", '"', "<", ">", "/", "9", "-", "e", "r", "&#0;", " "]) +
      part.slice(at + Math.floor(random() * 4));
    try {
      await read(xlsxOf({ ...book, parts: { [name]: lie } }));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      expect(error.code).toMatch(/^source\/(corrupt_xlsx|no_sheet|xlsx_not_available|empty_file)$/);
      told++;
    }
  }
  expect(told).toBeGreaterThan(50);
  for (let round = 0; round < 200; round++) {
    const flipped = bytes.slice();
    flipped[Math.floor(random() * bytes.length)] ^= 1 << Math.floor(random() * 8);
    try {
      await read(flipped);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
    }
  }
});
