import { expect } from "packages/expect.ts";
import { CODED } from "../../src/core/field_flags.ts";
import { FieldReader } from "../../src/rows/field_reader.ts";
import { Kernel } from "../../src/rows/kernel/kernel.ts";
import type { RecordBatch, RecordSplitter } from "../../src/rows/record_batch.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import { buildFormat, formatSchema } from "../../src/spec/formats/mod.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { split } from "./read_records.ts";
import { bytesOf, randomFrom, testSeed } from "./support.ts";

const KERNEL = new Kernel(1);

const PLAIN = {
  trim: false,
  trimQuoted: false,
  emptyIsNull: true,
  emptyAsNull: false,
  quotedNulls: false,
  isJson: false,
  elements: null,
  nulls: null,
};

function read(chunks: Iterable<Uint8Array>, options: object, splitter?: RecordSplitter) {
  const format = buildFormat(formatSchema.parse({ type: "fixed", ...options }));
  const reader = openReader(format, undefined, splitter);
  const field = new FieldReader();
  const rows: (string | null)[][] = [];
  const places: string[] = [];
  const malformed: string[] = [];
  const take = (batch: RecordBatch | null) => {
    if (batch === null) return;
    for (let r = 0; r < batch.count; r++) {
      const raw = batch.bytes.slice(batch.recordStarts[r], batch.recordEnds[r]);
      places.push(`${batch.lines[r]} ${batch.base + batch.recordStarts[r]} ${raw.toHex()}`);
      rows.push(Array.from({ length: batch.width }, (_, f) => {
        const at = r * batch.width + f;
        field.read(PLAIN, batch, at);
        if ((batch.flags[at] & CODED) === 0) expect(field.bytes).toBe(batch.bytes);
        return field.isNull
          ? null
          : new TextDecoder().decode(field.bytes.subarray(field.start, field.end));
      }));
    }
    malformed.push(
      ...batch.malformed.map(({ line, code, start, end }) =>
        `${line} ${code} ${new TextDecoder("latin1").decode(batch.bytes.slice(start, end))}`
      ),
    );
  };
  for (const chunk of chunks) {
    const lent = chunk.slice();
    take(reader.push(lent));
    lent.fill(0x21);
  }
  take(reader.finish());
  return { header: reader.header, rows, places, malformed };
}

/** The same however it is cut, and with the kernel. */
function readAll(text: string | Uint8Array, options: object, places?: readonly number[]) {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const whole = read([bytes], options);
  for (const place of places ?? Array.from({ length: bytes.length + 1 }, (_, at) => at)) {
    expect(read(split(bytes, [place]), options)).toEqual(whole);
  }
  expect(read([bytes], options, KERNEL)).toEqual(whole);
  return whole;
}

Deno.test("fixed: fields are found by characters, in every encoding, wherever the bytes are cut", () => {
  const random = randomFrom(testSeed("fixed_test"));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  for (let round = 0; round < 120; round++) {
    const encoding = pick(["utf-8", "windows-1252", "iso-8859-1", "utf-16le"]);
    const letters = encoding === "utf-8" || encoding === "utf-16le"
      ? ["a", "7", "é", "日", "😀", " ", " "]
      : ["a", "7", "é", "ß", " ", " "];
    const widths = Array.from(
      { length: 1 + Math.floor(random() * 5) },
      () => 1 + Math.floor(random() * 6),
    );
    const rows = Array.from(
      { length: Math.floor(random() * 8) },
      () =>
        widths.map((width) =>
          Array.from({ length: Math.floor(random() * (width + 1)) }, () => pick(letters)).join("")
        ),
    );
    const end = pick(["\n", "\r\n", "\r"]);
    const all = widths.reduce((sum, each) => sum + each, 0);
    const isRight = random() < 0.3;
    const pad = (text: string, width: number) => {
      const blanks = " ".repeat(width - [...text].length);
      return isRight ? blanks + text : text + blanks;
    };
    const lines = rows.map((row) =>
      row.map((text, f) => pad(text, widths[f])).join("") + pick(["", "", " "])
    );
    const text = lines.map((line) =>
      line + end + pick(["", "", end, `${" ".repeat(all - 1)}${end}`])
    ).join("");
    const bytes = encoding === "utf-8" ? bytesOf(text) : encoding === "utf-16le"
      ? new Uint8Array(
        new Uint16Array(Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))).buffer,
      )
      : Uint8Array.from(text, (each) => each.charCodeAt(0));
    const places = Array.from({ length: 6 }, () => Math.floor(random() * (bytes.length + 1)));
    const found = readAll(bytes, { encoding, widths }, places);
    expect(found.malformed).toEqual([]);
    const shown = rows.map((row) => row.map((each) => each.replace(/^ +| +$/g, "") || null));
    expect(found.rows).toEqual(shown);
    // By positions in another order, and what is left out.
    const starts = widths.map((_, f) => widths.slice(0, f).reduce((sum, each) => sum + each, 1));
    const positions = Object.fromEntries(
      widths.map((width, f) => [`f${f}`, `${starts[f]}-${starts[f] + width - 1}`]).reverse(),
    );
    const named = readAll(bytes, { encoding, positions }, places);
    expect(named.header).toEqual(widths.map((_, f) => `f${f}`).reverse());
    expect(named.rows).toEqual(shown.map((row) => row.toReversed()));
    expect(named.places).toEqual(found.places);
  }
});

Deno.test("fixed: a line of another length is a reject unless it may be", () => {
  const widths = [3, 4];
  const text = "abcdefg\nabcdef\nab\n\nabcdefgh\nabcdefg  \n\tbcdefg\né日cdéfg\nabcdéfgx";
  const { rows, malformed } = readAll(text, { widths });
  expect(rows).toEqual([["abc", "defg"], ["abc", "defg"], ["é日c", "défg"]]);
  expect(malformed.map((each) => each.split(" ").slice(0, 2).join(" "))).toEqual([
    "2 line_too_short",
    "3 line_too_short",
    "5 line_too_long",
    "7 tab_in_line",
    "9 line_too_long",
  ]);
  const loose = readAll(text, { widths, pad_short_records: true, tabs: "keep" });
  expect(loose.rows).toEqual([
    ["abc", "defg"],
    ["abc", "def"],
    ["ab", null],
    ["abc", "defg"],
    ["\tbc", "defg"],
    ["é日c", "défg"],
  ]);
  expect(readAll("ab\nabcd  \nab   e\n", { positions: ["1-2", "5-"] }).rows)
    .toEqual([["ab", null], ["ab", null], ["ab", "e"]]);
  expect(readAll("ab\n\n \n  \n   \ncd\n", { widths: [2] }).rows)
    .toEqual([["ab"], [null], [null], ["cd"]]);
  expect(readAll(" a b \n", { widths: [3, 2], keep_blanks: true }).rows).toEqual([[" a ", "b "]]);
});

Deno.test("fixed: names, skipped lines, comments, footers and an end", () => {
  const options = { widths: [4, 5], header: true, skip_lines: 1, comment: "#", skip_footer: 1 };
  const { header, rows, places } = readAll(
    "HDR 2021\nid  näme \n# nothing\n1   a    \n2   b\u00e9  c\nTRL 2\n",
    options,
  );
  expect(header).toEqual(["id", "näme"]);
  expect(rows).toEqual([["1", "a"], ["2", "bé  c"]]);
  expect(places.map((each) => each.split(" ")[0])).toEqual(["4", "5"]);
  expect(readAll("1   a    \nEND\n2   b    \n", { widths: [4, 5], end_pattern: "^END" }).rows)
    .toEqual([["1", "a"]]);
  expect(() => read([bytesOf("\n")], { widths: [1], header: true })).toThrow("before its header");
});

Deno.test("fixed: what does not say where the fields stand is a mistake of the pipeline file", () => {
  const codes = (format: string) =>
    loadSpec(
      `pipeline: a
source: { url: a.txt, format: ${format} }
target: { table: a }
columns: { id: text }
`,
      { file: "a.yaml", folder: "/", variables: {} },
    ).diagnostics.map(({ code }) => code);
  expect(codes("{ type: fixed, widths: { id: 3 } }")).toEqual([]);
  expect(codes('{ type: fixed, positions: { id: "1-3", "2": 7 } }')).toEqual([]);
  expect(codes("fixed")).toEqual(["spec/missing_key"]);
  expect(codes("{ type: fixed, widths: [] }")).toEqual(["spec/wrong_value"]);
  expect(codes("{ type: fixed, widths: { id: 3, 2: 4 } }")).toEqual(["spec/wrong_value"]);
  expect(codes("{ type: fixed, widths: { id: 3 }, header: true }")).toEqual(["spec/contradiction"]);
  expect(codes('{ type: fixed, widths: [3], positions: ["1-3"] }')).toEqual(["spec/contradiction"]);
  expect(codes('{ type: fixed, positions: { id: "5-3" } }')).toEqual(["spec/wrong_value"]);
  expect(codes('{ type: fixed, positions: { id: "0-3" } }')).toEqual(["spec/wrong_value"]);
  expect(codes("{ type: fixed, widths: [0] }")).toEqual(["spec/wrong_value"]);
  expect(codes("{ type: fixed, widths: [3], end_pattern: '(' }")).toEqual(["spec/bad_pattern"]);
});
