import { expect } from "packages/expect.ts";
import type { SluiceError } from "../../src/core/error.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import type { CsvOptions } from "../../src/spec/formats/csv.ts";
import { readRecords, split } from "./read_records.ts";
import { bytesOf, CSV } from "./support.ts";

/** Reads a text whole, and again cut at each place, which must change nothing. */
function read(text: string | Uint8Array, change: Partial<CsvOptions> = {}) {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const options = { ...CSV, ...change };
  const whole = readRecords([bytes], options);
  for (let place = 0; place <= bytes.length; place++) {
    expect(readRecords(split(bytes, [place]), options)).toEqual(whole);
  }
  expect(readRecords(bytesOneByOne(bytes), options)).toEqual(whole);
  return whole;
}

function rows(text: string | Uint8Array, change: Partial<CsvOptions> = {}) {
  const { records, malformed } = read(text, change);
  expect(malformed).toEqual([]);
  return records.map(({ fields }) => fields);
}

function* bytesOneByOne(bytes: Uint8Array) {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}

function errorOf(text: string | Uint8Array, change: Partial<CsvOptions> = {}): SluiceError {
  try {
    read(text, change);
  } catch (error) {
    return error as SluiceError;
  }
  throw new Error("It did not fail");
}

Deno.test("openCsv reads plain and quoted fields and says which were quoted", () => {
  const { header, records } = read('a,b,c\n1,"x, ""y""",\n,"",z\n');
  expect(header).toEqual(["a", "b", "c"]);
  expect(records).toEqual([
    {
      line: 2,
      offset: 6,
      raw: '1,"x, ""y""",',
      fields: ["1", 'x, "y"', ""],
      quoted: [false, true, false],
    },
    { line: 3, offset: 20, raw: ',"",z', fields: ["", "", "z"], quoted: [false, true, false] },
  ]);
});

Deno.test("openCsv counts LF, CRLF and CR, mixed, as one line end each", () => {
  const { records } = read('a,b\r\n1,2\r3,"x\r\ny\rz\nw"\n\r\n5,6\r\r7,8');
  expect(records.map(({ line, offset, fields }) => [line, offset, ...fields])).toEqual([
    [2, 5, "1", "2"],
    [3, 9, "3", "x\r\ny\rz\nw"],
    [8, 24, "5", "6"],
    [10, 29, "7", "8"],
  ]);
});

Deno.test("openCsv reads a last line without line end", () => {
  expect(rows("a,b\n1,2")).toEqual([["1", "2"]]);
  expect(rows('a,b\n1,"2"')).toEqual([["1", "2"]]);
  expect(rows("a,b\n1,")).toEqual([["1", ""]]);
  expect(rows('a\n""')).toEqual([[""]]);
});

Deno.test("openCsv skips empty lines, but in a file of one column an empty line is a value", () => {
  expect(rows("\n\na,b\n\n1,2\n\r\n\n3,4\n\n")).toEqual([["1", "2"], ["3", "4"]]);
  expect(rows("\na\n1\n\n2\n")).toEqual([["1"], [""], ["2"]]);
  expect(rows("\n1\n", { header: false })).toEqual([[""], ["1"]]);
});

Deno.test("openCsv passes over a byte order mark and counts its bytes", () => {
  const { header, records } = read("\ufeffa,b\n1,2\n");
  expect(header).toEqual(["a", "b"]);
  expect(records[0].offset).toBe(7);
  expect(rows("\ufeff1,2\n", { header: false })).toEqual([["1", "2"]]);
});

Deno.test("openCsv decodes header names", () => {
  expect(read('"a ""b""","c,\nd",é\n').header).toEqual(['a "b"', "c,\nd", "é"]);
  expect(read("a").header).toEqual(["a"]);
});

Deno.test("openCsv takes the width from the first record where there is no header", () => {
  const { header, records, malformed } = read("1,2\n3,4\n5\n", { header: false });
  expect(header).toBeNull();
  expect(records.map(({ fields }) => fields)).toEqual([["1", "2"], ["3", "4"]]);
  expect(malformed.map(({ code }) => code)).toEqual(["too_few_fields"]);
  expect(rows("", { header: false })).toEqual([]);
  expect(rows("1,2", { header: false })).toEqual([["1", "2"]]);
});

Deno.test("openCsv obeys delimiter and quote", () => {
  expect(rows("a;b\n1;'x;''y'''\n", { delimiter: ";", quote: "'", escape: "'" })).toEqual([
    ["1", "x;'y'"],
  ]);
  expect(rows("a\tb\n\t\n", { delimiter: "\t" })).toEqual([["", ""]]);
});

Deno.test("openCsv with quote off takes quotes as data", () => {
  expect(rows('a,b\n"1,2"\n', { quote: null, escape: null })).toEqual([['"1', '2"']]);
});

Deno.test("openCsv unescapes only an escape that stands before a quote or another escape", () => {
  expect(rows('a,b\n"x\\"y\\\\","\\n"\n\\,"\\\\"\n', { escape: "\\" })).toEqual([
    ['x"y\\', "\\n"],
    ["\\", "\\"],
  ]);
});

Deno.test("openCsv skips comments, quotes in them or not, but not in the middle of a record", () => {
  const text = '#x "y\na,b\n#"\n1,#2\n"#3","\n#4"\n#end';
  expect(rows(text, { comment: "#" })).toEqual([["1", "#2"], ["#3", "\n#4"]]);
});

Deno.test("openCsv skips lines at the start, whatever they hold", () => {
  const { header, records } = read('Report "1\r\n\r\n"\na,b\n1,2\n', { skipLines: 3 });
  expect(header).toEqual(["a", "b"]);
  expect(records[0]).toMatchObject({ line: 5, offset: 19 });
});

Deno.test("openCsv takes a quote inside an unquoted field as data", () => {
  expect(rows('a,b\n5" disk,x"y"\n ""1,2\n')).toEqual([['5" disk', 'x"y"'], [' ""1', "2"]]);
});

Deno.test("openCsv reports records with too few and too many fields and goes on", () => {
  const { records, malformed } = read('a,b\n1\n2,3\n4,5,6\n"7","8","9"\n10,11\n12');
  expect(records.map(({ fields, quoted }) => [...fields, ...quoted])).toEqual([
    ["2", "3", false, false],
    ["10", "11", false, false],
  ]);
  expect(malformed.map(({ line, byteOffset, code, raw }) => [line, byteOffset, code, raw])).toEqual(
    [
      [2, 4, "too_few_fields", "1"],
      [4, 10, "too_many_fields", "4,5,6"],
      [5, 16, "too_many_fields", '"7","8","9"'],
      [7, 34, "too_few_fields", "12"],
    ],
  );
  expect(malformed[0].message).toBe("1 field where 2 are expected");
});

Deno.test("openCsv reports text after a closing quote and goes on at the next record", () => {
  const { records, malformed } = read('a,b\n"x"y,1\n"say "hi" to",2\n3,"4" \n5,6\n');
  expect(records.map(({ fields }) => fields)).toEqual([["5", "6"]]);
  expect(malformed.map(({ line, code, raw }) => [line, code, raw])).toEqual([
    [2, "text_after_quote", '"x"y,1'],
    [3, "text_after_quote", '"say "hi" to",2'],
    [4, "text_after_quote", '3,"4" '],
  ]);
  expect(read('a,b\n1,"x"y').malformed[0]).toMatchObject({ line: 2, code: "text_after_quote" });
});

Deno.test("openCsv reports a quote that is never closed and reads the lines behind it", () => {
  const { records, malformed } = read('a,b\r\n1,"x\r\n2,3\r\n4,5');
  expect(malformed.map(({ line, byteOffset, code, raw }) => [line, byteOffset, code, raw])).toEqual(
    [
      [2, 5, "unclosed_quote", '1,"x'],
    ],
  );
  expect(records.map(({ line, fields }) => [line, ...fields])).toEqual([
    [3, "2", "3"],
    [4, "4", "5"],
  ]);
  const stray = read('a,b\n1,"x\n2,3\n4,"5\n6,7\n');
  expect(stray.malformed.map(({ line, code }) => [line, code])).toEqual([
    [2, "text_after_quote"],
    [4, "unclosed_quote"],
  ]);
  expect(stray.records.map(({ line }) => line)).toEqual([3, 5]);
  const last = read('a,b\n1,2\n3,"x\n4,5\n');
  expect(last.malformed.map(({ line, raw }) => [line, raw])).toEqual([[3, '3,"x']]);
  expect(last.records.map(({ line, fields }) => [line, ...fields])).toEqual([
    [2, "1", "2"],
    [4, "4", "5"],
  ]);
});

Deno.test("openCsv gives up a record over the limit and goes on at its second line", () => {
  const long = "x".repeat(30);
  const text = `a,b\n1,"open\n2,${long}\n3,4\n5,${long}${long}\n6,7\n"8\n9",10\n`;
  const { records, malformed } = read(text, { maxRecordBytes: 40 });
  expect(malformed.map(({ line, byteOffset, code }) => [line, byteOffset, code])).toEqual([
    [2, 4, "record_too_long"],
    [5, text.indexOf("5,"), "record_too_long"],
  ]);
  expect(records.map(({ line, offset, raw }) => [line, offset, raw])).toEqual([
    [3, text.indexOf("2,"), `2,${long}`],
    [4, text.indexOf("3,4"), "3,4"],
    [6, text.indexOf("6,7"), "6,7"],
    [7, text.indexOf('"8'), '"8\n9",10'],
  ]);
});

Deno.test("openCsv keeps 1 KiB of a record that is too long", () => {
  const bytes = bytesOf(`a,b\n1,"${"x".repeat(200_000)}\n2,3\n`);
  const options = { ...CSV, maxRecordBytes: 50_000 };
  for (const places of [[], [100_000], [1_000, 60_000, 60_001]]) {
    const { records, malformed } = readRecords(split(bytes, places), options);
    expect(malformed.map(({ code, raw }) => [code, raw.length])).toEqual([[
      "record_too_long",
      1024,
    ]]);
    expect(records.map(({ line, fields }) => [line, ...fields])).toEqual([[3, "2", "3"]]);
  }
});

Deno.test("openCsv stays in bounded memory whatever a quote leaves open", () => {
  const reader = openReader({ ...CSV, maxRecordBytes: 1 << 20 });
  reader.push(bytesOf('a,b\n1,"open\n'));
  const lines = bytesOf("2,3\n".repeat(65_536));
  const endless = new Uint8Array(1 << 18).fill(0x78);
  let records = 0;
  let malformed = 0;
  for (let i = 0; i < 400; i++) {
    const batch = reader.push(i < 200 ? lines : endless);
    records += batch?.count ?? 0;
    malformed += batch?.malformed.length ?? 0;
    if (batch !== null) expect(batch.bytes.length).toBeLessThan(4 << 20);
  }
  expect(records).toBe(200 * 65_536);
  expect(malformed).toBe(2);
});

Deno.test("openCsv takes a record of exactly the limit", () => {
  const { records, malformed } = read("a,b\n12,45\n12,456\n", { maxRecordBytes: 5 });
  expect(records.map(({ raw }) => raw)).toEqual(["12,45"]);
  expect(malformed.map(({ code }) => code)).toEqual(["record_too_long"]);
});

Deno.test("openCsv fails on a file without the header it must have", () => {
  for (const text of ["", "\n", "\r\n\r\n", "#only\n", "\ufeff"]) {
    expect(errorOf(text, { comment: "#" })).toMatchObject({ code: "source/empty_file" });
  }
  expect(errorOf("a,b\n", { skipLines: 3 })).toMatchObject({ code: "source/empty_file" });
  expect(rows("a,b\n")).toEqual([]);
});

Deno.test("openCsv fails on a first record that tells no width", () => {
  for (const text of ['a,"b"c\n1,2\n', 'a,"b\n1,2\n']) {
    for (const header of [true, false]) {
      expect(errorOf(text, { header })).toMatchObject({
        code: "source/malformed_header",
        details: { line: 1 },
      });
    }
  }
});

Deno.test("openCsv guesses the delimiter from the first quoted name of a header", () => {
  for (const delimiter of [";", "\t", "|"]) {
    const { code, hint } = errorOf(["id", "name"].map((name) => `"${name}"`).join(delimiter));
    expect(code).toBe("source/malformed_header");
    expect(hint).toContain(`delimiter: ${JSON.stringify(delimiter)}`);
  }
  expect(errorOf('"id"x,"name"').hint).not.toContain("delimiter: ");
});

Deno.test("openCsv fails on a header that is not UTF-8", () => {
  expect(errorOf(new Uint8Array([0x61, 0x2c, 0xe9, 0x0a]))).toMatchObject({
    code: "source/wrong_encoding",
    message: "Field 2 of the header is not UTF-8",
  });
});

Deno.test("openCsv refuses a character of more than one byte as a bug", () => {
  expect(() => readRecords([], { ...CSV, quote: "§" })).toThrow("single bytes");
});

Deno.test("openCsv passes over records of delimiters only where it is told to", () => {
  const text = 'a,b,c\n,,\n1,"x ""y""",\r\n,,\r\n"",,\n , ,\n,,\n,,,\n,\n2,"3","4"\n,,\n5,,\n,,';
  const skipping: Partial<CsvOptions> = { skipEmptyRecords: true };
  const empty = ["", "", ""];
  const { records, malformed } = read(text, skipping);
  expect(records.map(({ line, fields, quoted }) => [line, fields, quoted.includes(true)])).toEqual([
    [3, ["1", 'x "y"', ""], true],
    [5, empty, true],
    [6, [" ", " ", ""], false],
    [10, ["2", "3", "4"], true],
    [12, ["5", "", ""], false],
  ]);
  expect(malformed.map(({ line, code }) => [line, code])).toEqual([
    [8, "too_many_fields"],
    [9, "too_few_fields"],
  ]);
  expect(read(text).records.filter(({ raw }) => raw === ",,").length).toBe(5);
  expect(rows(",,\n1,2,3\n,,\n", { ...skipping, header: false })).toEqual([["1", "2", "3"]]);
  expect(rows("a\n1\n\n", skipping)).toEqual([["1"], [""]]);
});
