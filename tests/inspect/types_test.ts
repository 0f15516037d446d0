import { expect } from "packages/expect.ts";
import { profileOfText } from "./support.ts";
import { xlsxOf } from "../source/xlsx_writer.ts";

/** Values of a column, and what they are taken for. */
const COLUMNS: readonly (readonly [
  values: readonly string[],
  type: string,
  options?: Readonly<Record<string, unknown>>,
])[] = [
  // Whole numbers, and what only looks like one.
  [["1", "-2", "0"], "integer"],
  [["1", "2147483647"], "integer"],
  [["1", "2147483648"], "bigint"],
  [["9007199254740993", "1"], "bigint"],
  [["9223372036854775808", "1"], "numeric"],
  [["007", "8"], "text"],
  [["-01", "2"], "text"],
  [["+5", "6"], "text"],
  [["-0", "1"], "text"],
  [["1_000", "2"], "text"],
  [["0x1F", "2"], "text"],
  // Numbers are exact.
  [["1.50", "2"], "numeric"],
  [[".20", "2.10"], "numeric"],
  [["5.", "1.5"], "numeric"],
  [["0.1", "12345678901234567890.123456789"], "numeric"],
  [["NaN", "1.5"], "numeric"],
  [["NaN", "NaN"], "text"],
  [["00.5", "1.5"], "text"],
  // Exponents, and codes that look like them.
  [["1.5e-5", "2.5E+10"], "double precision"],
  [["1E3", "2E5"], "text"],
  [["12e5", "3e10"], "text"],
  [["1.123456789012345678e5", "1.5e5"], "text"],
  // Thousands and decimals.
  [["1,234.50", "2.00"], "numeric", { thousands: "," }],
  [["1,234,567", "12"], "bigint", { thousands: "," }],
  [["1.234,50", "2,00"], "numeric", { thousands: ".", decimal: "," }],
  [["12,5", "3"], "numeric", { decimal: "," }],
  [["1.234.567", "2"], "bigint", { thousands: "." }],
  [["1 234,5", "2"], "numeric", { thousands: " ", decimal: "," }],
  [["1\u00a0234,5", "2"], "numeric", { thousands: "\u00a0", decimal: "," }],
  [["1\u202f234", "2"], "bigint", { thousands: "\u202f" }],
  [["1'234.50", "2"], "numeric", { thousands: "'" }],
  [["1,234", "5,678"], "text"],
  [["1,23,4", "5"], "text"],
  // Amounts.
  [["$1.50", "2"], "numeric", { strip: ["$"] }],
  [["2", "-$1,234.50"], "numeric", { strip: ["$"], thousands: "," }],
  [["1.234,50 €", "2,00\u00a0€"], "numeric", { strip: ["€"], thousands: ".", decimal: "," }],
  [["USD 5", "USD 12"], "integer", { strip: ["USD"] }],
  [["12%", "2.5%"], "numeric", { strip: ["%"] }],
  [["12%", "2"], "text"],
  [["$5", "€6"], "text"],
  [["£5", "x"], "text"],
  [["(5)", "6"], "integer", { negative: "parentheses" }],
  [["($1,200.50)", "$6"], "numeric", { strip: ["$"], negative: "parentheses", thousands: "," }],
  [["(1)", "(2)"], "text"],
  [["5.10-", "6"], "numeric", { negative: "trailing" }],
  [["5-", "6-"], "text"],
  [["5-", "(6)", "7"], "text"],
  [["-5-", "6"], "text"],
  [["1-2", "6"], "text"],
  // Days.
  [["2021-01-31", "2020-02-29"], "date"],
  [["2021/1/31", "2020/02/29"], "date"],
  [["2021-02-30", "2021-01-01"], "text"],
  [["31.12.2021", "01.02.2021"], "date", { format: "dd.MM.yyyy" }],
  [["1.2.2021", "31.12.2021"], "date", { format: "d.M.yyyy" }],
  [["31/12/2021", "01/02/2021"], "date", { format: "dd/MM/yyyy" }],
  [["12/31/2021", "01/02/2021"], "date", { format: "MM/dd/yyyy" }],
  [["1/31/2021", "12/2/2021"], "date", { format: "M/d/yyyy" }],
  [["31-12-2021", "01-02-2021"], "date", { format: "dd-MM-yyyy" }],
  [["01/02/2021", "03/04/2021"], "text"],
  [["31/12/2021", "12/31/2021"], "text"],
  [["05-Jan-2021", "31-May-2021"], "date", { format: "dd-MMM-yyyy" }],
  [["5-JAN-2021", "31-May-2021"], "date", { format: "d-MMM-yyyy" }],
  [["Jan 5, 2021", "May 31, 2021"], "date", { format: "MMM d, yyyy" }],
  [["May 5, 2021", "January 31, 2021"], "date", { format: "MMMM d, yyyy" }],
  [["January 31, 2021", "May 5, 2021"], "date", { format: "MMMM d, yyyy" }],
  [["5 Jan 21", "6 Jan 21"], "text"],
  [["5 Mai 2021", "6 Jan 2021"], "text"],
  [["Tue, 5 Jan 2021 10:00:00 +0100", "Wed, 6 Jan 2021 09:00:00 GMT"], "timestamptz", {
    format: "EEE, d MMM yyyy HH:mm:ss Z",
  }],
  [["Mon, 5 Jan 2021 10:00:00 +0100", "Wed, 6 Jan 2021 09:00:00 GMT"], "text"],
  [["10/Oct/2000:13:55:36 -0700", "11/Oct/2000:13:55:36 -0700"], "timestamptz", {
    format: "dd/MMM/yyyy:HH:mm:ss Z",
  }],
  // Several forms in one column.
  [["2021-01-05", "31.12.2021", "Jan 5, 2021"], "date", {
    format: ["yyyy-MM-dd", "dd.MM.yyyy", "MMM d, yyyy"],
  }],
  [["31.12.2021 10:00", "31.12.2021 10:00:30"], "timestamp", {
    format: ["dd.MM.yyyy HH:mm", "dd.MM.yyyy HH:mm:ss"],
  }],
  [["2021-01-05", "01/02/2021"], "text"],
  [["2021-01-05", "01/13/2021"], "date", { format: ["yyyy-MM-dd", "MM/dd/yyyy"] }],
  [["2021-01-05", "31.12.2021 10:00"], "text"],
  [["31/12/21", "01/02/21"], "text"],
  [["2021.01.31", "2021.12.01"], "date", { format: "yyyy.MM.dd" }],
  [["20210131", "20211201"], "integer"],
  // Moments.
  [["2021-01-31 10:00:00", "2021-01-31 10:00"], "timestamp"],
  [["2021-01-31T10:00:00.123456", "2021-01-31T10:00:00"], "timestamp"],
  [["2021-01-31T10:00:00.123456789", "2021-01-31T10:00:00"], "text"],
  [["2021-01-31T10:00:00Z", "2021-01-31T10:00:00+01:00"], "timestamptz"],
  [["2021-01-31T10:00:00Z", "2021-01-31T10:00:00"], "text"],
  [["2021-01-31 10:00:00", "2021-01-31"], "text"],
  [["31.12.2021 23:59", "01.02.2021 00:00"], "timestamp", { format: "dd.MM.yyyy HH:mm" }],
  [["12/31/2021 9:05 PM", "1/2/2021 11:00 AM"], "timestamp", { format: "M/d/yyyy h:mm a" }],
  [["31/12/2021T10:00:00", "01/02/2021T10:00:00"], "timestamp", {
    format: "dd/MM/yyyy'T'HH:mm:ss",
  }],
  [["10:00", "23:59:59"], "time"],
  [["25:00", "10:00"], "text"],
  [["9:05 PM", "12:00 am"], "time", { format: "h:mm a" }],
  [["09:05:10pm", "12:00:00am"], "time", { format: "h:mm:ssa" }],
  [["9:05 PM", "13:00 PM"], "text"],
  // Yes and no.
  [["true", "FALSE"], "boolean"],
  [["true", "true"], "boolean"],
  [["Y", "N"], "boolean", { true_values: ["Y"], false_values: ["N"] }],
  [["yes", "No"], "boolean", { true_values: ["yes"], false_values: ["No"] }],
  [["ja", "nein"], "boolean", { true_values: ["ja"], false_values: ["nein"] }],
  [["Sí", "No"], "boolean", { true_values: ["Sí"], false_values: ["No"] }],
  [["ДА", "нет"], "boolean", { true_values: ["ДА"], false_values: ["нет"] }],
  [["EVET", "HAYIR"], "boolean", { true_values: ["EVET"], false_values: ["HAYIR"] }],
  [["はい", "いいえ"], "boolean", { true_values: ["はい"], false_values: ["いいえ"] }],
  [["N", "N"], "text"],
  [["yes", "nein"], "text"],
  [["yes", "no", "maybe"], "text"],
  [["1", "0"], "integer"],
  // NULL by a word, where the others have a type.
  [["1", "NA", "2"], "integer", { null_values: ["", "NA"] }],
  [["1.5", "NULL", "-"], "numeric", { null_values: ["", "NULL", "-"] }],
  [["NA", "GB", "DE"], "text"],
  [["NULL", "NULL"], "text"],
  [["1", '"NA"', "2"], "text"],
  [["1", '""', "2"], "integer", { empty_as_null: true }],
  [["1", "", "2"], "integer"],
  // Blanks.
  [[" 1", "2 "], "integer", { trim: true }],
  [["1", "  ", "2"], "integer", { trim: true }],
  [[" a", "b "], "text"],
  // Others.
  [["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12"], "uuid"],
  [["", ""], "text"],
  [["a", "1"], "text"],
];

for (const [values, type, options = {}] of COLUMNS) {
  Deno.test(`${values.map((each) => JSON.stringify(each)).join(", ")} is ${type}`, async () => {
    const text = `id;value\n${values.map((value, i) => `${i};${value}\n`).join("")}`;
    const { fields: [, field], format, records } = await profileOfText(text);
    expect(format).toEqual({ type: "csv", delimiter: ";" });
    expect(records).toBe(values.length);
    expect({ type: field.type, options: field.options }).toEqual({ type, options });
  });
}

Deno.test("one point is not taken for decimals where others write them behind a comma", async () => {
  const { fields } = await profileOfText("id;a;b\n1;1.234;1,5\n2;2.500;2,5\n");
  expect(fields.map(({ type }) => type)).toEqual(["integer", "text", "numeric"]);
  expect(fields[1].notes.join()).toContain("thousands");
  const plain = await profileOfText("id;a;b\n1;1.234;x\n2;2.500;y\n");
  expect(plain.fields.map(({ type }) => type)).toEqual(["integer", "numeric", "text"]);
});

Deno.test("JSON tells its own types, and keys that come later are empty before", async () => {
  const { fields, format } = await profileOfText(
    '{"id":1,"a":{"b":1},"s":"007"}\n{"id":2,"a":[1],"s":"008","late":true}\n{"id":null}\n',
    "in.jsonl",
  );
  expect(format).toEqual({ type: "ndjson" });
  expect(fields.map(({ name, type, options, empty }) => ({ name, type, options, empty }))).toEqual([
    { name: "id", type: "integer", options: {}, empty: 1 },
    { name: "a", type: "jsonb", options: {}, empty: 1 },
    { name: "s", type: "text", options: {}, empty: 1 },
    { name: "late", type: "boolean", options: {}, empty: 2 },
  ]);
});

Deno.test("a JSON document is read from the list of objects that stands the least deep", async () => {
  for (
    const [text, path] of [
      ['[{"id":1},{"id":2}]', undefined],
      ['\ufeff[\n  {\n    "id": 1\n  },\n  {"id": 2}\n]\n', undefined],
      ['{"meta": {"tags": [1]}, "data": {"items": [{"id": 1}, {"id": 2}]}}', "$.data.items"],
      ['{\n"a": [[{"x": 1}]], "the items": [\n{"id": 1}, {"id": 2, "n": [{}]}]}', '$["the items"]'],
    ] as const
  ) {
    const { fields, format, records } = await profileOfText(text, "in.json");
    expect(format).toEqual({ type: "json", ...(path === undefined ? {} : { path }) });
    expect(records).toBe(2);
    expect(fields[0]).toMatchObject({ name: "id", type: "integer" });
  }
  const { format } = await profileOfText('{"id":1,"n":[{"b":1}]}\n{"id":2,"n":[]}\n', "in.jsonl");
  expect(format).toEqual({ type: "ndjson" });
});

Deno.test("a delimiter of two characters is told from an empty field between two", async () => {
  for (
    const [text, delimiter] of [
      ["id||name||n\n1||a, b||2\n2||c||\n", "||"],
      ["id::name\n1::a\n2::c\n", "::"],
      ["id|name|n\n1||2\n2||3\n", "|"],
      ["id;at\n1;12:30:00\n2;11::00\n", ";"],
    ]
  ) {
    const { format, records, fields } = await profileOfText(text);
    expect(format).toEqual({ type: "csv", delimiter });
    expect(records).toBe(2);
    expect(fields[0]).toMatchObject({ name: "id", type: "integer" });
  }
});

Deno.test("a workbook shows what is a text, a number and a date", async () => {
  const day = (value: number) => ({ xml: `<c r="@" s="1"><v>${value}</v></c>` });
  const bytes = xlsxOf({
    sheets: [{
      name: "A",
      rows: [["id", "code", "n", "day"], [1, "007", 1.5, day(44197)], [2, "8", 2, day(44198)]],
    }],
    formats: [14],
  });
  for (const name of ["in.xlsx", "download"]) {
    const { fields, format, records } = await profileOfText(bytes, name);
    expect(format).toEqual({ type: "xlsx" });
    expect(records).toBe(2);
    expect(fields.map(({ type }) => type)).toEqual(["integer", "text", "numeric", "date"]);
  }
});
