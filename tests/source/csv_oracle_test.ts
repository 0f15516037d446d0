import { parse } from "packages/csv-parse-sync.ts";
import { expect } from "packages/expect.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import type { CsvOptions } from "../../src/spec/formats/csv.ts";
import { readRecords, split } from "./read_records.ts";
import { bytesOf, CSV, randomFrom, sharedData, testSeed } from "./support.ts";
import { rounds } from "../support/rounds.ts";

/** The slow, obvious reader that ours must agree with. */
function oracle(bytes: Uint8Array, options: CsvOptions): string[][] {
  const lines = { from_line: options.skipLines + 1 };
  return parse(bytes as Parameters<typeof parse>[0], {
    bom: true,
    delimiter: options.delimiter,
    quote: options.quote ?? false,
    escape: options.escape ?? false,
    comment: options.comment ?? "",
    comment_no_infix: true,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_quotes: true,
    skip_empty_lines: true,
    ...lines,
  }) as unknown as string[][];
}

const DIALECTS: readonly Partial<CsvOptions>[] = [
  {},
  { header: false },
  { delimiter: ";", quote: "'", escape: "'" },
  { delimiter: "\t", quote: null, escape: null },
  { delimiter: "|", escape: "\\" },
  { comment: "#" },
  { skipLines: 2 },
  { delimiter: "||" },
  { delimiter: "::", quote: "'", escape: "'", comment: "#" },
  { delimiter: "<|>", escape: "\\" },
  { delimiter: ", ", quote: null, escape: null },
  { delimiter: "¦" },
];

const TEXTS = [
  "",
  "a",
  "12.50",
  "2021-01-01 00:30:10",
  "x y",
  "é",
  "日本",
  "😀",
  "#",
  "\\N",
  "it's",
  " ",
];

/** A file made of known fields, and those fields. */
function generate(random: () => number, options: CsvOptions, records: number) {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  const { delimiter, quote, escape } = options;
  const width = 2 + Math.floor(random() * 6);
  const lineEnds = pick([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]]);
  let text = pick(["", "\ufeff"]);
  for (let line = 0; line < options.skipLines; line++) text += `skip "this${pick(lineEnds)}`;
  const rows: string[][] = [];
  for (let record = 0; record < records; record++) {
    if (options.comment !== null && random() < 0.2) text += `# a "comment${pick(lineEnds)}`;
    const row: string[] = [];
    const written: string[] = [];
    for (let field = 0; field < width; field++) {
      // What only begins as a delimiter does is data.
      let value = delimiter.length > 1 && random() < 0.2
        ? `a${delimiter.slice(0, -1)}b`
        : pick(TEXTS);
      let isQuoted = false;
      if (quote !== null && random() < 0.4) {
        isQuoted = true;
        value += pick([
          "",
          delimiter,
          delimiter.slice(1),
          quote,
          "\n",
          "\r",
          "\r\n",
          quote + quote,
          escape!,
          "end",
        ]);
      }
      // A first field must not look like a comment or a skipped line.
      if (field === 0 && (value.startsWith("#") || value === "")) value = `x${value}`;
      row.push(value);
      const escaped = isQuoted
        ? value.replaceAll(escape!, escape! + escape!)
          .replaceAll(quote!, quote === escape ? quote! : escape! + quote!)
        : value;
      written.push(isQuoted ? `${quote}${escaped}${quote}` : value);
    }
    rows.push(row);
    text += written.join(delimiter);
    if (record < records - 1 || random() < 0.7) text += pick(lineEnds);
    if (random() < 0.05) text += pick(lineEnds);
  }
  return { bytes: bytesOf(text), rows };
}

Deno.test("openCsv agrees with csv-parse on generated files, wherever the chunks end", () => {
  const random = randomFrom(testSeed("csv_oracle_test small"));
  for (let round = 0; round < rounds(80); round++) {
    const options = { ...CSV, ...DIALECTS[round % DIALECTS.length] };
    const { bytes, rows } = generate(random, options, 1 + Math.floor(random() * 8));
    const whole = readRecords([bytes], options);
    const read = whole.records.map(({ fields }) => [...fields]);
    const all = options.header ? [[...whole.header!], ...read] : read;
    expect(whole.malformed).toEqual([]);
    expect(all).toEqual(rows);
    expect(oracle(bytes, options)).toEqual(rows);
    for (let place = 0; place <= bytes.length; place++) {
      expect(readRecords(split(bytes, [place]), options)).toEqual(whole);
    }
  }
});

Deno.test("openCsv agrees with csv-parse on larger files cut at many places", () => {
  const random = randomFrom(testSeed("csv_oracle_test large"));
  for (let round = 0; round < rounds(12); round++) {
    const options = { ...CSV, ...DIALECTS[round % DIALECTS.length] };
    const { bytes, rows } = generate(random, options, 2_000);
    for (let times = 0; times < 2; times++) {
      const places = Array.from(
        { length: 1 + Math.floor(random() * 200) },
        () => Math.floor(random() * bytes.length),
      );
      const { header, records, malformed } = readRecords(split(bytes, places), options);
      const read = records.map(({ fields }) => [...fields]);
      expect(malformed).toEqual([]);
      expect((options.header ? [[...header!], ...read] : read).join("\u0000"))
        .toBe(rows.join("\u0000"));
      for (const { offset, raw } of records) {
        const there = bytes.subarray(offset, offset + bytesOf(raw).length);
        expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(there)).toBe(raw);
      }
    }
  }
});

Deno.test("openCsv gives each record the line it starts on", () => {
  const random = randomFrom(testSeed("csv_oracle_test lines"));
  for (let round = 0; round < rounds(40); round++) {
    const options = { ...CSV, ...DIALECTS[round % DIALECTS.length] };
    const { bytes } = generate(random, options, 50);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    for (const { offset, line } of readRecords([bytes], options).records) {
      const before = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
        bytes.subarray(0, offset),
      );
      expect(text.startsWith(before)).toBe(true);
      expect(line).toBe(before.split(/\r\n|\n|\r/).length);
    }
  }
});

Deno.test("openCsv keeps its records whatever broken input is cut where", () => {
  const random = randomFrom(testSeed("csv_oracle_test broken"));
  for (let round = 0; round < rounds(170); round++) {
    const delimiter = round % 5 === 4 ? "||" : ",";
    const alphabet = ["a", delimiter, delimiter[0], '"', '"', "\n", "\r", "\\", "#"];
    alphabet.push(`x${delimiter}y\n`);
    const length = 1 + Math.floor(random() * 60);
    let text = `h${delimiter}i\n`;
    for (let i = 0; i < length; i++) text += alphabet[Math.floor(random() * alphabet.length)];
    const bytes = bytesOf(text);
    const options = {
      ...CSV,
      delimiter,
      escape: round % 2 === 0 ? '"' : "\\",
      comment: round % 3 === 0 ? "#" : null,
      maxRecordBytes: round % 5 === 0 ? 12 : 1 << 20,
    };
    const whole = readRecords([bytes], options);
    for (let place = 0; place <= bytes.length; place++) {
      expect(readRecords(split(bytes, [place]), options)).toEqual(whole);
    }
    for (const { byteOffset, raw } of whole.malformed) {
      expect(text.slice(byteOffset, byteOffset + raw.length)).toBe(raw);
    }
    for (const { offset, raw } of whole.records) {
      expect(text.slice(offset, offset + raw.length)).toBe(raw);
    }
  }
});

Deno.test("openCsv reads csv_spectrum as its JSON says", () => {
  const folder = sharedData("csv_spectrum/");
  if (folder === null) return;
  for (const { name } of Deno.readDirSync(new URL("csvs/", folder))) {
    const bytes = Deno.readFileSync(new URL(`csvs/${name}`, folder));
    const { header, records, malformed } = readRecords([bytes], CSV);
    const read = records.map(({ fields }) =>
      Object.fromEntries(fields.map((text, f) => [header![f], text]))
    );
    const expected = JSON.parse(
      Deno.readTextFileSync(new URL(`json/${name.replace(".csv", ".json")}`, folder)),
    );
    expect(malformed).toEqual([]);
    // That file's JSON is about another row than its CSV.
    if (name === "location_coordinates.csv") expect(Object.keys(read[0])).toHaveLength(4);
    else expect(read).toEqual(expected);
  }
});

Deno.test("openCsv reads the real months, byte for byte as csv-parse does", () => {
  const folder = sharedData("nyc_tlc/yellow_csv/");
  if (folder === null) return;
  // 2019-01 and 2019-02 have mixed line ends.
  const compared = ["2018-01", "2019-01", "2019-02", "2020-12", "2021"];
  let months = 0;
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(".csv")) continue;
    months++;
    const bytes = Deno.readFileSync(new URL(name, folder));
    const reader = openReader(CSV);
    let count = 0;
    for (const step of [() => reader.push(bytes), () => reader.finish()]) {
      const batch = step();
      count += batch?.count ?? 0;
      expect(batch?.malformed ?? []).toEqual([]);
    }
    expect([name, count]).toEqual([name, name.includes("2021") ? 1_000 : 10_000]);
    if (!compared.some((month) => name.endsWith(`${month}.csv`))) continue;
    const { header, records } = readRecords(split(bytes, [50_000, 66_666]), CSV);
    const ours = [header!, ...records.map(({ fields }) => fields)];
    expect(ours.join("\n") === oracle(bytes, CSV).join("\n")).toBe(true);
  }
  expect(months).toBe(37);
});

Deno.test("openCsv rejects the cut last row of a broken download", () => {
  const file = sharedData("nyc_tlc/yellow_tripdata_2021-01.first-2MB.csv");
  if (file === null) return;
  const { records, malformed } = readRecords([Deno.readFileSync(file)], CSV);
  expect(records.length).toBe(22_792);
  expect(malformed.map(({ line, code }) => [line, code])).toEqual([[22_794, "too_few_fields"]]);
});

Deno.test("openCsv reads openflights, quotes and backslashes as data", () => {
  for (const [name, count] of [["routes", 67_663], ["airports", 7_698], ["airlines", 6_162]]) {
    const file = sharedData(`openflights/${name}.dat`);
    if (file === null) return;
    const options = { ...CSV, header: false };
    const { records, malformed } = readRecords([Deno.readFileSync(file)], options);
    expect([name, records.length + malformed.length]).toEqual([name, count]);
    expect([name, malformed]).toEqual([name, []]);
  }
});
