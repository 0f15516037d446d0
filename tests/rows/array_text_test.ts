import { expect } from "packages/expect.ts";
import { ARRAY_TEXT_GROWTH, arrayText } from "../../src/rows/array_text.ts";
import { testDatabase } from "../support/postgres.ts";
import { between, pick, randomFrom } from "./random.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1_000_000_007);

function write(json: string, keepsJson: boolean): string {
  const bytes = new TextEncoder().encode(json);
  const out = new Uint8Array(bytes.length * ARRAY_TEXT_GROWTH + 2);
  const length = arrayText(bytes, 0, bytes.length, keepsJson, out);
  expect(length).toBeLessThanOrEqual(out.length);
  return new TextDecoder().decode(out.subarray(0, length));
}

const CASES: readonly (readonly [json: string, array: string, ofJson?: string])[] = [
  ["[]", "{}"],
  [" [ 1 , null,true ] ", '{"1",NULL,"true"}'],
  ['["a","",null,"null"]', '{"a","",NULL,"null"}', '{"\\"a\\"","\\"\\"",NULL,"\\"null\\""}'],
  ['["q\\"b\\\\", "\\u00e4\\ud83d\\ude00\\n"]', '{"q\\"b\\\\","ä😀\n"}'],
  ['[{"a": [1, "]"]}, {}]', '{"{\\"a\\": [1, \\"]\\"]}","{}"}'],
  ["[[1,2],[3,null]]", '{{"1","2"},{"3",NULL}}'],
  // No list: what no array type reads.
  ["{}", '"{}"'],
  ['{"a":1}', '"{\\"a\\":1}"'],
  ["[1,]", '"[1,]"'],
  ["[1] 2", '"[1] 2"'],
];

Deno.test("a list of JSON is an array's text, and nothing else is", () => {
  for (const [json, array, ofJson] of CASES) {
    expect([json, write(json.trim(), false)]).toEqual([json, array]);
    if (ofJson !== undefined) expect([json, write(json.trim(), true)]).toEqual([json, ofJson]);
  }
});

Deno.test(`lists become the arrays that Postgres makes of them (SLUICE_SEED=${SEED})`, async () => {
  console.log(`SLUICE_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const letters = ["a", '"', "\\", "{", "}", ",", " ", "ä", "😀", "\n", "NULL", "null", "'", "é"];
  const text = () =>
    Array.from({ length: between(random, 0, 4) }, () => pick(random, letters)).join("");
  const scalar = (): unknown =>
    pick(random, [null, true, 1, -1.5, 12345678901234, ""]) ?? (random() < 0.3 ? null : text());
  const value = (): unknown => random() < 0.2 ? { [text()]: [scalar(), text()] } : scalar();
  const list = (): unknown[] => {
    const count = between(random, 0, 4);
    if (random() < 0.7) return Array.from({ length: count }, value);
    const width = between(random, 1, 3);
    return Array.from({ length: count }, () => Array.from({ length: width }, value));
  };
  const jsons = Array.from(
    { length: 3000 },
    () => JSON.stringify(list(), null, between(random, 0, 2)),
  );
  await using test = await testDatabase();
  for (const [type, keepsJson] of [["text[]", false], ["jsonb[]", true]] as const) {
    const wrong = await test.db.query(
      `select c ->> 0 as json, c ->> 1 as written, j.v::text as wanted
from json_array_elements($1::text::json) c,
  json_to_record(json_build_object('v', (c ->> 0)::json)) as j (v ${type})
where (c ->> 1)::${type} is distinct from j.v limit 5`,
      [JSON.stringify(jsons.map((json) => [json, write(json, keepsJson)]))],
    );
    expect(wrong).toEqual([]);
  }
});
