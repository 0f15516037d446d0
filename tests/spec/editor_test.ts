import { expect } from "packages/expect.ts";
import { SIMPLE_TYPES } from "../../src/core/simple_types.ts";
import { SYNONYMS } from "../../src/spec/column_type.ts";
import { TYPE } from "../../src/spec/schema/editor_hints.ts";
import { openEditor } from "./editor.ts";
import { edited, load } from "./support.ts";

// What people see who write a pipeline in an editor: the language server of YAML with our schema.

type Edits = readonly (readonly [string, string])[];

/** Broken files, and a text of the line that an editor marks; null: JSON Schema cannot tell. */
const BROKEN: Readonly<Record<string, { edits: Edits; at: string | null }>> = {
  "a key misspelt": { edits: [["required: true", "requird: true"]], at: "requird" },
  "a key at the wrong place": {
    edits: [["refresh:\n", "mode: full\nrefresh:\n"]],
    at: "mode: full",
  },
  "a key missing": { edits: [["  table: taxi.trips\n", ""]], at: "target:" },
  "a word that the key does not know": { edits: [["by: month", "by: mnth"]], at: "mnth" },
  "a text in place of a list": { edits: [["[id]\ncol", "id\ncol"]], at: "idempotency_key" },
  "a list in place of a section": {
    edits: [["  mode: partition", "  - mode: partition"]],
    at: "- mode",
  },
  "a number too large": {
    edits: [["  to: 2021-03", "  to: 2021-03\n  concurrency: 100"]],
    at: "100",
  },
  "a fraction in place of a whole number": {
    edits: [["  format: csv", "  format: csv\n  retries: 1.5"]],
    at: "1.5",
  },
  "yes in place of true": { edits: [["required: true", "required: yes"]], at: "yes" },
  "a type misspelt": { edits: [["note: { type: text }", "note: { type: txt }"]], at: "txt" },
  "a type misspelt, written short": {
    edits: [["note: { type: text }", "note: strin"]],
    at: "strin",
  },
  "a type of another tool": { edits: [["type: bigint", "type: int64"]], at: "int64" },
  "a type with a wrong length": {
    edits: [["note: { type: text }", 'note: "varchar(x)"']],
    at: "varchar(x)",
  },
  "a type cut by a comma": { edits: [["type: bigint", "type: numeric(10,2)"]], at: "numeric(10" },
  "an array of a type of another tool": {
    edits: [["note: { type: text }", 'note: "string[]"']],
    at: "string[]",
  },
  "a cron with four fields": {
    edits: [["columns:", 'schedule: { cron: "0 6 * *" }\ncolumns:']],
    at: "cron:",
  },
  "a cron with a minute that no clock has": {
    edits: [["columns:", 'schedule: { cron: "61 6 * * *" }\ncolumns:']],
    at: "cron:",
  },
  "a cron with a day that no week has": {
    edits: [["columns:", 'schedule: { cron: "0 6 * * MONDAI" }\ncolumns:']],
    at: "cron:",
  },
  "a time zone that is an offset": {
    edits: [["columns:", 'schedule: { cron: "@daily", timezone: "+02:00" }\ncolumns:']],
    at: "cron:",
  },
  "a duration without a unit": {
    edits: [["columns:", 'schedule: { cron: "@daily", retry_delay: "5" }\ncolumns:']],
    at: "cron:",
  },
  "an empty delimiter": {
    edits: [["format: csv", 'format: { type: csv, delimiter: "" }']],
    at: "delimiter",
  },
  "a delimiter that is a backslash and a t": {
    edits: [["format: csv", "format: { type: csv, delimiter: '\\t' }"]],
    at: "delimiter",
  },
  "a quote of two characters": {
    edits: [["format: csv", `format: { type: csv, quote: "''" }`]],
    at: "quote",
  },
  "a key of another format": {
    edits: [["format: csv", 'format: { type: parquet, delimiter: ";" }']],
    at: "delimiter",
  },
  "a rule that the type does not have": {
    edits: [["type: bigint", "type: bigint, max_length: 5"]],
    at: "max_length",
  },
  "an upsert without a key": {
    edits: [
      ["partitions:\n  by: month\n  from: 2021-01\n  to: 2021-03\n", ""],
      [
        "  partition_column: file_month\n",
        "",
      ],
      ["_{month}", ""],
      ["mode: partition", "mode: upsert"],
      ["idempotency_key: [id]\n", ""],
    ],
    at: "pipeline:",
  },
  "a key that names no column": {
    edits: [["idempotency_key: [id]", "idempotency_key: [di]"]],
    at: null,
  },
  "a variable that no environment has": { edits: [['"{base}/', '"{bas}/']], at: null },
};

const editor = openEditor();

for (const [name, { edits, at }] of Object.entries(BROKEN)) {
  Deno.test(`an editor ${at === null ? "cannot mark" : "marks"} ${name}`, async () => {
    const text = edited(...edits);
    // It is broken: the loader says so, whatever the editor knows.
    expect(load(text).spec).toBeNull();
    const marks = await editor.marks(text);
    const lines = text.split("\n");
    const marked = [...new Set(marks.map(({ line }) => lines[line - 1]))];
    expect([marks, marked]).toEqual([
      at === null ? [] : expect.anything(),
      at === null ? [] : [expect.stringContaining(at)],
    ]);
  });
}

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? 1 + Math.floor(Math.random() * 2_147_483_645));
let seed = SEED;
const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
const one = <T>(list: readonly T[]): T => list[random(list.length)];

/** Texts that the loader may take for a value; most of them it does. */
const VALUES: Readonly<Record<string, { file: (text: string) => string; make: () => string }>> = {
  type: {
    file: (text) => edited(["note: { type: text }", `note: ${JSON.stringify(text)}`]),
    make() {
      const name = one([
        ...TYPE.examples!,
        ...Object.keys(SYNONYMS),
        "char",
        "dec",
        "txt",
        "shop.mood",
        'shop."Mood"',
        "bit varying",
        "int64",
        "enum",
        "nope",
      ]);
      const letters = [...name].map((letter) => random(3) === 0 ? letter.toUpperCase() : letter);
      const modifier = one([
        "",
        "",
        "(1)",
        "(10)",
        " ( 10 , 2 )",
        "(1000,-5)",
        "(0)",
        "(53)",
        "(9,1)",
      ]);
      return one(["", " "]) + letters.join("").replaceAll(" ", one([" ", "  "])) + modifier +
        one(["", " "]);
    },
  },
  cron: {
    file: (text) => edited(["columns:", `schedule: { cron: ${JSON.stringify(text)} }\ncolumns:`]),
    make() {
      if (random(8) === 0) {
        return one([
          "@daily",
          "@Weekly",
          "@hourly",
          "@midnight",
          "@reboot",
          "@annually",
          "@yearly",
          "@monthly",
        ]);
      }
      const value = () =>
        one([
          "*",
          "?",
          "0",
          "00",
          "05",
          "7",
          "12",
          "31",
          "59",
          "23",
          "L",
          "W",
          "LW",
          "15W",
          "JAN",
          "dec",
          "MON",
          "sun",
          "5#2",
          "FRI#L",
          "5L",
          "#",
          "1+2",
          "60",
        ]);
      const part = () =>
        one([value(), value(), `${value()}-${value()}`]) + one(["", "", "", "/5", "/0"]);
      const field = () => one([part(), part(), `${part()},${part()}`]);
      return Array.from({ length: one([5, 5, 5, 5, 4, 6]) }, field).join(one([" ", "  "]));
    },
  },
  "time zone": {
    file: (text) =>
      edited([
        "columns:",
        `schedule: { cron: "@daily", timezone: ${JSON.stringify(text)} }\ncolumns:`,
      ]),
    make: () =>
      one([
        ...Intl.supportedValuesOf("timeZone"),
        "utc",
        "US/Eastern",
        "EST5EDT",
        "Etc/GMT+5",
        "GMT",
        "+02:00",
        "CET",
      ]),
  },
  delimiter: {
    file: (text) =>
      edited(["format: csv", `format: { type: csv, delimiter: ${JSON.stringify(text)} }`]),
    make: () =>
      one([
        ",",
        ";",
        "\t",
        "|",
        "||",
        "~|~",
        "\\t",
        "\\",
        "",
        "é",
        "東",
        " ",
        "\n",
        "x".repeat(33),
        "\u0001",
        "☃".repeat(11),
      ]),
  },
  quote: {
    file: (text) =>
      edited(["format: csv", `format: { type: csv, quote: ${JSON.stringify(text)} }`]),
    make: () => one(['"', "'", "`", "|", "", "''", "é", "\n", "\t", "\u007f", "\u0001"]),
  },
};

for (const [name, { file, make }] of Object.entries(VALUES)) {
  Deno.test(`an editor marks no ${name} that the loader takes (SLUICE_SEED=${SEED})`, async () => {
    let [taken, refused, marked] = [0, 0, 0];
    for (let round = 0; round < 300; round++) {
      const value = make();
      const text = file(value);
      const isMarked = (await editor.marks(text)).length > 0;
      if (load(text).spec === null) {
        refused++;
        if (isMarked) marked++;
        continue;
      }
      taken++;
      expect([value, isMarked]).toEqual([value, false]);
    }
    expect(taken).toBeGreaterThan(10);
    // Of what the loader refuses most is marked.
    if (refused > 10) expect(marked / refused).toBeGreaterThan(0.5);
  });
}

Deno.test("an editor marks a key of a column where the loader does, for every key and type", async () => {
  const values: Readonly<Record<string, string>> = {
    min: "1",
    max: "1",
    max_length: "5",
    pattern: "a",
    one_of: '["1"]',
    format: "yyyy",
    timezone: "UTC",
    true_values: "[y]",
    false_values: "[n]",
    thousands: '","',
    decimal: '","',
    strip: "[x]",
    negative: "trailing",
    trim: "true",
    default: "1",
    required: "true",
  };
  const own = new Set<string>([...SIMPLE_TYPES, ...Object.keys(SYNONYMS), "numeric", "char(2)"]);
  for (const type of new Set([...own, ...TYPE.examples!])) {
    for (const [key, value] of Object.entries(values)) {
      const column = `note: { type: ${JSON.stringify(type)}, ${key}: ${value} }`;
      const text = edited(["note: { type: text }", column]);
      const codes = load(text).diagnostics.filter(({ severity }) => severity === "error")
        .map(({ code }) => code);
      const marks = await editor.marks(text);
      const isUnsuitable = codes.includes("spec/unsuitable_rule");
      // What a type is that Postgres reads, only the loader knows.
      if (!own.has(type) && isUnsuitable) continue;
      expect([column, marks.length > 0]).toEqual([column, isUnsuitable]);
    }
  }
});

Deno.test("an editor marks nothing in the pipelines of the project and of its documentation", async () => {
  const root = new URL("../../", import.meta.url);
  const texts = [...Deno.readDirSync(new URL("pipelines/", root))]
    .filter(({ name }) => name.endsWith(".yaml"))
    .map(({ name }) => Deno.readTextFileSync(new URL(`pipelines/${name}`, root)));
  for (const { name } of Deno.readDirSync(new URL("docs/", root))) {
    if (!name.endsWith(".md")) continue;
    const page = Deno.readTextFileSync(new URL(`docs/${name}`, root));
    for (const [, text] of page.matchAll(/^```yaml\n([^]*?)^```$/gm)) {
      if (/^pipeline:/m.test(text) && /^columns:/m.test(text)) texts.push(text);
    }
  }
  expect(texts.length).toBeGreaterThan(20);
  for (const text of texts) expect([text, await editor.marks(text)]).toEqual([text, []]);
});

/** What is offered at a place: some of it. */
const OFFERS: readonly (readonly [name: string, text: string, some: readonly string[]])[] = [
  ["sections", "pipeline: a\n|", ["source", "target", "columns", "schedule", "notify", "after"]],
  ["keys of a section", "source:\n  |", ["url", "format", "compression", "checksum"]],
  ["formats", "source:\n  format: |", ["csv", "tsv", "ndjson", "json", "parquet", "copy"]],
  ["keys of a format", "source:\n  format:\n    type: csv\n    |", [
    "delimiter",
    "quote",
    "encoding",
  ]],
  ["delimiters", "source:\n  format:\n    type: csv\n    delimiter: |", [";", '"|"']],
  ["encodings", "source:\n  format:\n    type: csv\n    encoding: |", ["windows-1252", "utf-16"]],
  ["types", "columns:\n  id: |", ["bigint", "timestamptz", "numeric(10,2)", "jsonb"]],
  ["types of a column with more", "columns:\n  id:\n    type: |", ["text", "date", "uuid"]],
  ["keys of a column", "columns:\n  id:\n    |", ["type", "required", "from", "one_of"]],
  ["words of a key", "refresh:\n  mode: |", ["full", "partition", "append", "upsert", "history"]],
  ["crons", "schedule:\n  cron: |", ["0 6 * * MON-FRI", '"@daily"']],
  ["time zones", "schedule:\n  timezone: |", ["Europe/Berlin", "America/New_York"]],
  ["kinds of checks", "checks:\n  - |", ["row_count", "unique", "freshness"]],
  ["events", "notify:\n  - on:\n      - |", ["failure", "recovery"]],
];

for (const [name, text, some] of OFFERS) {
  Deno.test(`an editor offers ${name}`, async () => {
    expect(await editor.offers(text)).toEqual(expect.arrayContaining([...some]));
  });
}

Deno.test("an editor explains a key, and what stands where a type should", async () => {
  expect(await editor.explains("target:\n  ver|sions: 3\n")).toContain("kept for rollback");
  const [mark] = await editor.marks(edited(["note: { type: text }", "note: { type: txt }"]));
  expect(mark.message).toContain("This is no type");
  const marks = await editor.marks(edited(["type: bigint", "type: bigint, max_length: 5"]));
  expect(marks.map(({ message }) => message)).toEqual([
    "Columns of this type do not have this key",
  ]);
});
