import { expect } from "packages/expect.ts";
import { z } from "zod";
import { PERIOD_EXAMPLES } from "../../src/core/period.ts";
import { SIMPLE_TYPES } from "../../src/core/simple_types.ts";
import { FORMAT_NAMES } from "../../src/spec/formats/mod.ts";
import { branches, eachKey, metaOf, placeAt } from "../../src/spec/keys.ts";
import { sectionsOf, withKeyTables } from "../../src/spec/reference.ts";
import { CHECKS } from "../../src/spec/schema/checks/mod.ts";

const read = (page: string) =>
  Deno.readTextFileSync(new URL(`../../docs/${page}`, import.meta.url));
const PAGE = read("pipeline.md");

Deno.test("docs/pipeline.md has every key, in a table or in the row of its section", () => {
  const tables = sectionsOf(PAGE);
  expect(new Set(tables).size).toBe(tables.length);
  eachKey(({ name }, path) => {
    const section = path.slice(0, -1).join(".") || "file";
    // The kinds of checks and their options are a table of their own.
    if (/^checks\.<n>/.test(section)) return expect(tables).toContain("checks");
    if (tables.includes(section)) return;
    expect([path.join("."), rowOf(path.slice(0, -1))])
      .toEqual([path.join("."), expect.stringMatching(new RegExp(`[\`{ ]${name}\\b`))]);
  });
  for (const name of FORMAT_NAMES) expect(tables).toContain(`source.format of ${name}`);
  const rows = [...PAGE.matchAll(/^\| `(\w+)` /gm)].map((match) => match[1]);
  eachKey(({ name }, path) => {
    if (tables.includes(path.slice(0, -1).join(".") || "file")) expect(rows).toContain(name);
  });
});

Deno.test("docs/pipeline.md lists every kind of check with its options", () => {
  for (const [kind, { options }] of Object.entries(CHECKS)) {
    const row = PAGE.split("\n").find((line) =>
      line.startsWith(`| \`${kind}\` `) && !/enum/.test(line)
    );
    const named = [...row!.split(/(?<!\\)\|/)[3].matchAll(/`(\w+)`/g)].map((match) => match[1]);
    expect([kind, ...named, "name", "severity"].toSorted())
      .toEqual([kind, ...Object.keys(options.shape)].toSorted());
  }
});

Deno.test("a table follows its schema: a row that is out of date is written anew", () => {
  const old = "# A\n\n<!-- keys: rejects -->\n\n| key |\n| --- |\n| `gone` |\n\nText.\n";
  const page = withKeyTables(old);
  expect(page).not.toContain("gone");
  expect(page).toContain('| `limit`     | text         | `"0"`   | Rows or percent;');
  expect(page.endsWith("|\n\nText.\n")).toBe(true);
  expect(withKeyTables(page)).toBe(page);
  expect(withKeyTables("<!-- keys: rejects -->\n")).toContain("| `keep_days` |");
  // A new marker takes nothing of what stands below it.
  const fresh = withKeyTables("<!-- keys: rejects -->\n\nText.\n");
  expect(fresh.endsWith("|\n\nText.\n")).toBe(true);
  expect(withKeyTables(fresh)).toBe(fresh);
  expect(sectionsOf("<!-- keys: file -->\n\n<!-- keys: source.format of csv -->\n"))
    .toEqual(["file", "source.format of csv"]);
});

Deno.test("a key is said to be required where a section without it is refused, and nowhere else", () => {
  for (const marker of sectionsOf(PAGE).filter((each) => each !== "checks")) {
    const [section, type] = marker.split(" of ");
    const table = withKeyTables(`<!-- keys: ${marker} -->\n`);
    const said = [...table.matchAll(/^\| `(\w+)` +\|.*?\| required +\| /gm)].map(([, key]) => key);
    const path = section === "file"
      ? []
      : section.split(".").map((step) => step === "<n>" ? 0 : step);
    const given = type === undefined ? {} : { type };
    const missing = new Set<string>();
    for (const schema of placeAt(path).flatMap(branches)) {
      if (!(schema instanceof z.ZodObject)) continue;
      if (type !== undefined && !schema.shape.type?.safeParse(type).success) continue;
      for (const { path: [key], code } of schema.safeParse(given).error?.issues ?? []) {
        if (code !== "custom") missing.add(String(key));
      }
    }
    expect([marker, said.filter((key) => key !== "type")])
      .toEqual([marker, [...missing].filter((key) => key !== "type")]);
  }
});

Deno.test("a table beside another one has what differs; the page names the keys of csv that copy lacks", () => {
  const keysOf = (marker: string) =>
    [...withKeyTables(`<!-- keys: ${marker} -->\n`).matchAll(/^\| `(\w+)` /gm)].map(([, key]) =>
      key
    );
  const csv = keysOf("source.format of csv");
  const copy = keysOf("source.format of copy");
  expect(keysOf("source.format of tsv").toSorted()).toEqual(csv.toSorted());
  expect(keysOf("source.format of tsv beside csv")).toEqual(["delimiter"]);
  expect(copy.filter((key) => !csv.includes(key))).toEqual([]);
  const [, sentence] = /^(`copy`, which [^]*?):$/m.exec(PAGE)!;
  const lacking = csv.filter((key) => !copy.includes(key));
  expect([...sentence.matchAll(/`(\w+)`/g)].map(([, word]) => word)).toEqual([
    "copy",
    "csv",
    ...lacking,
  ]);
});

Deno.test("docs/types.md names every type, and docs/pipeline.md every period", () => {
  const types = read("types.md");
  for (const name of SIMPLE_TYPES) expect(types).toContain(`\`${name}\``);
  for (const [by, text] of Object.entries(PERIOD_EXAMPLES)) {
    expect(PAGE).toMatch(new RegExp(`\\| \`${by}\` +\\| \`${text}\``));
  }
});

/** What the page says of a section: its own row. */
function rowOf(section: readonly string[]): string {
  const path = section.filter((step) => !step.startsWith("<"));
  const { docs, description = "" } = metaOf(placeAt(path)[0]);
  return docs ?? description;
}
