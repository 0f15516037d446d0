import { expect } from "packages/expect.ts";
import { pipelineJsonSchema } from "../../src/spec/json_schema.ts";
import { NOT_YET } from "../../src/spec/not_available.ts";
import { openEditor } from "./editor.ts";
import { edited, MONTHS } from "./support.ts";

const ROOT = new URL("../../", import.meta.url);

type Schema = Readonly<Record<string, unknown>>;

Deno.test("every key of the JSON Schema has a description and refuses unknown ones", () => {
  const bare: string[] = [];
  const open: string[] = [];
  // Those keys as well that wait for what they ask for.
  walk(pipelineJsonSchema([]), "", (schema, path) => {
    const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
    for (const [key, value] of Object.entries(properties)) {
      if (typeof value.description !== "string") bare.push(`${path}.${key}`);
    }
    if ("properties" in schema && schema.additionalProperties !== false) open.push(path);
  });
  expect(bare).toEqual([]);
  expect(open).toEqual([]);
});

Deno.test("the JSON Schema accepts every pipeline of the project and the test's own", async () => {
  const editor = openEditor(schemaText([]));
  const folder = new URL("pipelines/", ROOT);
  const texts = [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".yaml"))
    .map(({ name }) => Deno.readTextFileSync(new URL(name, folder)));
  const loose = edited(
    ["2021-03", "current"],
    ["{ type: text }", "{ type: text, one_of: [1, 1.10, true], default: 1 }"],
    ["[[id]]", "[{ columns: [id] }]"],
    ["format: csv", "timeout: 30\n  format: { type: csv, quote: null }"],
  );
  const checks = `${MONTHS}verify: full
checks:
  - row_count: { min: 1, change: 50% }
  - null_rate: { column: id, max: 1% }
  - unique: [id]
  - unique: { columns: [id], severity: warn }
  - range: { column: id, min: 1, max: "9" }
  - accepted_values: { column: note, values: [1, true, a] }
  - foreign_key: { column: id, references: a.b(c) }
  - freshness: { column: at, max_age: 2d }
  - drift: { column: id, of: sum, max: 5% }
  - row_diff: { added: 10, deleted: 1% }
  - sql: { name: a, query: select 1, expect: 1 }
`;
  for (const text of [MONTHS, loose, checks, ...texts]) {
    expect(await editor.marks(text)).toEqual([]);
  }
});

Deno.test("the JSON Schema leaves out what is not available yet", () => {
  const { properties } = pipelineJsonSchema() as { properties: Schema };
  for (const key of NOT_YET) expect(properties).not.toHaveProperty(key);
});

Deno.test("the JSON Schema refuses what the loader refuses", async () => {
  const editor = openEditor(schemaText([]));
  const wrong = [
    edited(["by: month", "by: mnth"]),
    edited(["required: true", "requird: true"]),
    edited(["  table: taxi.trips\n", ""]),
    edited(["mode: partition", "mode: sometimes"]),
    edited(["[id]\ncol", "id\ncol"]),
    `${MONTHS}checks: [{ row_cnt: { min: 1 } }]\n`,
    `${MONTHS}checks: [{ row_count: { min: 1.5 } }]\n`,
    `${MONTHS}checks: [{ null_rate: { column: id, max: 10 percent } }]\n`,
  ];
  for (const text of wrong) expect((await editor.marks(text)).length).toBeGreaterThan(0);
});

function schemaText(notYet: readonly string[]): string {
  return JSON.stringify(pipelineJsonSchema(notYet));
}

function walk(value: unknown, path: string, visit: (schema: Schema, path: string) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) visit(value as Schema, path);
  for (const [key, inner] of Object.entries(value)) {
    // What keys ask of each other names them, and describes none.
    if (key !== "allOf") walk(inner, `${path}/${key}`, visit);
  }
}
