import { expect } from "packages/expect.ts";
import { COHERENCE } from "../../src/spec/coherence/mod.ts";
import { pipelineJsonSchema } from "../../src/spec/json_schema.ts";
import {
  eachKey,
  hintOfValue,
  hintOfWord,
  isText,
  type Key,
  keysAt,
  metaOf,
  placeAt,
} from "../../src/spec/keys.ts";
import { NOT_YET } from "../../src/spec/not_available.ts";
import { pipelineSchema } from "../../src/spec/schema/pipeline.ts";
import type { Path } from "../../src/spec/yaml_tree.ts";
import { load, MONTHS } from "./support.ts";

/** Every key with a path as a file could have it, and the path that messages say. */
const KEYS: { key: Key; path: Path; name: string }[] = [];
eachKey((key, steps) => {
  const path = steps.map((step) => step === "<n>" ? 0 : step === "<name>" ? "x" : step);
  KEYS.push({ key, path, name: steps.join(".") });
});

Deno.test("each word of other tools leads to its key from the key's own section", () => {
  for (const { key: { name, meta }, path } of KEYS) {
    const section = path.slice(0, -1);
    for (const word of meta.words ?? []) {
      // What is a key itself is never unknown: `cron` stands for `schedule.cron` elsewhere.
      if (keysAt(section).includes(word)) expect(word).toBe(name);
      const hint = hintOfWord(word, section) ?? "";
      expect([word, hint]).toEqual([word, expect.stringMatching(`[".]${name}" here$`)]);
    }
  }
});

Deno.test("a word of other tools leads to a key of another section by its whole path", () => {
  expect(hintOfWord("sep", ["target"])).toBe('"sep" is called "source.format.delimiter" here');
  expect(hintOfWord("sep", ["source", "format"])).toBe('"sep" is called "delimiter" here');
  expect(hintOfWord("uri", ["source"])).toBe('"uri" is called "source.url" here');
  expect(hintOfWord("regex", [])).toBe('"regex" is called "columns.<name>.pattern" here');
  // The checks have words of their own.
  expect(hintOfWord("sep", ["checks", 0])).toBeNull();
  expect(hintOfWord("tests", ["checks", 0, "range"])).toBeNull();
  for (const word of ["constructor", "toString", "__proto__"]) {
    expect(hintOfWord(word, [])).toBeNull();
    expect(hintOfValue(word, ["refresh", "mode"])).toBeNull();
  }
});

Deno.test("a key that other tools have in another section exists, or is not available yet", () => {
  const names = new Set(KEYS.map(({ name }) => name.replace(/\.<name>$/, "")));
  const sections: Path[] = [[], ...KEYS.map(({ path }) => path), ["checks", 0]];
  for (const section of sections) {
    for (const schema of placeAt(section)) {
      for (const ours of Object.values(metaOf(schema).elsewhere ?? {})) {
        if (NOT_YET.includes(ours.split(".")[0])) continue;
        expect([...names]).toContain(ours.replace(/\.<name>$/, ""));
      }
    }
  }
});

Deno.test("each value that other tools have leads to one that the key takes", () => {
  let count = 0;
  for (const { key: { schema, meta }, path } of KEYS) {
    for (const [theirs, ours] of Object.entries(meta.values ?? {})) {
      count++;
      expect(hintOfValue(theirs, path)).toContain(ours);
      if (ours.startsWith("{")) continue;
      for (const value of ours.split(/, | or /)) {
        expect([value, schema.safeParse(value).success]).toEqual([value, true]);
      }
      expect([theirs, schema.safeParse(theirs).success]).toEqual([theirs, false]);
    }
  }
  expect(count).toBeGreaterThan(20);
});

Deno.test("each stand-in is what its key takes", () => {
  const found = KEYS.flatMap(({ key: { name, schema, meta } }) =>
    meta.standIn === undefined ? [] : [[name, schema.safeParse(meta.standIn).success]]
  );
  expect(found.length).toBeGreaterThan(5);
  for (const [name, fits] of found) expect([name, fits]).toEqual([name, true]);
  const required = Object.entries(pipelineSchema.shape)
    .filter(([, schema]) => !schema.safeParse(undefined).success);
  // Without it nothing else of a file could be checked.
  for (const [name, schema] of required) {
    expect([name, metaOf(schema).standIn]).not.toEqual([name, undefined]);
  }
});

Deno.test("what a check of the whole file reads are keys that there are", () => {
  for (const path of new Set(COHERENCE.flatMap(([, reads]) => reads))) {
    expect([path, placeAt(path.split(".")).length > 0]).toEqual([path, true]);
  }
});

Deno.test("where a text stays as it is written, the JSON Schema takes numbers too", () => {
  const texts = KEYS.filter(({ path }) => isText(placeAt(path)));
  expect(texts.length).toBeGreaterThan(30);
  for (const { name } of texts) {
    expect([name, loose(schemaOf(pipelineJsonSchema([]), name.split(".")))]).toEqual([name, true]);
  }
});

Deno.test("a name that looks like a number stays as it is written", () => {
  const { spec, diagnostics } = load(
    `pipeline: 007
source: { url: 1e3, headers: { a: 0x10 } }
target: { table: public.a, indexes: [[01]] }
idempotency_key: [01]
columns: { 01: { type: text, from: [1.10, 02], pattern: 1.0 } }
rules: { 1: true }
`,
  );
  expect(diagnostics).toEqual([]);
  expect(spec!.pipeline).toBe("007");
  expect(spec!.source.headers).toEqual({ a: "0x10" });
  expect(spec!.target.indexes[0].columns).toEqual(["01"]);
  expect(spec!.idempotencyKey).toEqual(["01"]);
  expect(spec!.columns[0]).toMatchObject({ from: "1.10", aliases: ["02"] });
  expect(spec!.columns[0].rules).toEqual({ pattern: "1.0" });
  expect(spec!.rules[0].check).toBe("true");
  expect(load(MONTHS.replace("taxi.trips", "2021")).diagnostics.map(({ code }) => code))
    .toEqual(["spec/wrong_type"]);
});

type Schema = Readonly<Record<string, unknown>>;

/** The parts of a JSON Schema that a path leads to, those of unions as well. */
function schemaOf(schema: Schema, path: readonly string[]): Schema[] {
  const inner = (schema.anyOf ?? []) as readonly Schema[];
  if (inner.length > 0) return inner.flatMap((each) => schemaOf(each, path));
  const [step, ...rest] = path;
  if (step === undefined) return [schema];
  const next = step === "<name>"
    ? schema.additionalProperties
    : step === "<n>"
    ? schema.items
    : (schema.properties as Schema | undefined)?.[step];
  return typeof next === "object" ? schemaOf(next as Schema, rest) : [];
}

function loose(schemas: readonly Schema[]): boolean {
  return schemas.some(({ type }) => Array.isArray(type) && type.includes("number"));
}
