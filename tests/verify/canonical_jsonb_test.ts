import { expect } from "packages/expect.ts";
import { canonicalJsonb } from "../../src/rows/verify/canonical_jsonb.ts";
import { encodeText } from "../rows/encode_text.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { testSeed } from "../support/seed.ts";

const DOCUMENTS = [
  "null",
  "  true ",
  "[]",
  "{}",
  " [ ] ",
  " { } ",
  '""',
  '{"b":1,"a":2,"aa":0,"":9}',
  '{"a":1,"b":2,"a":{"x":[3]}}',
  '{"a":1,"\\u0061":2}',
  '{"__proto__":1,"constructor":{"__proto__":[]}}',
  '{"é":1,"zz":2,"😀":3,"aaaa":4,"\\ud83d\\ude00x":5}',
  '{"\uffff":1,"\u{10000}":2}',
  "-0",
  "-0.00",
  "0e10",
  "0E-10",
  "1E+2",
  "1e-2",
  "1.50e1",
  "1.50e-1",
  "12.5e3",
  "12345.678e-8",
  "-1.0e0",
  "1e308",
  "1e8000",
  "1e-8000",
  "123456789012345678901234567890.123456789",
  "[1,2.0,  -3.10 ,[[]],{}]",
  '"\\u0001\\u001f\\u007f\\b\\f\\n\\r\\t\\"\\\\\\/"',
  '"\u007f\u2028\u2029\ufeff\\u00e9"',
  '"a/b"',
  '{"k" : {"k" : {"k" : [1 , {"k":null}]}}}',
  "[".repeat(900) + "]".repeat(900),
];

Deno.test("canonicalJsonb() writes what Postgres writes", async () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const texts = [...DOCUMENTS, ...Array.from({ length: 4000 }, () => document(random, 0))];
  for (const text of texts) expect(encodeText("jsonb", text)).toMatch(/^01/);
  await using database = await ledgerDatabase();
  const rows = await database.db.query<{ text: string }>(
    `select t.document::jsonb::text as text
from json_array_elements_text($1::json) with ordinality t (document, n) order by n`,
    [JSON.stringify(texts)],
  );
  expect(rows).toHaveLength(texts.length);
  texts.forEach((text, at) => {
    const written = canonicalJsonb(text);
    if (written !== rows[at]!.text) {
      throw new Error(`seed ${seed}: ${text} became ${written}, not ${rows[at]!.text}`);
    }
  });
});

type Random = () => number;

function document(random: Random, depth: number): string {
  const kind = between(random, 0, depth > 3 ? 4 : 8);
  const blank = () => pick(random, ["", "", " ", "\n\t", "\r "]);
  const many = (make: () => string) =>
    Array.from({ length: between(random, 0, 6) }, () => blank() + make() + blank()).join(",");
  if (kind === 0) return pick(random, ["null", "true", "false"]);
  if (kind < 3) return number(random);
  if (kind < 5) return string(random);
  if (kind < 7) return `[${many(() => document(random, depth + 1))}${blank()}]`;
  return `{${many(() => `${string(random)}${blank()}:${document(random, depth + 1)}`)}${blank()}}`;
}

function number(random: Random): string {
  const digits = (most: number) =>
    Array.from({ length: between(random, 1, most) }, () => pick(random, "0012359")).join("");
  const whole = digits(random() < 0.8 ? 4 : 30).replace(/^0+(?=\d)/, "");
  const fraction = random() < 0.5 ? `.${digits(random() < 0.8 ? 4 : 20)}` : "";
  const exponent = random() < 0.4
    ? pick(random, ["e", "E"]) + pick(random, ["", "+", "-"]) + digits(2)
    : "";
  return (random() < 0.3 ? "-" : "") + whole + fraction + exponent;
}

function string(random: Random): string {
  const parts = ["a", "b", "A", "é", "ß", "😀", "\uffff", "\\u00e9", "\\ud83d\\ude00", "\\u0007"];
  const more = ["\\n", "\\/", "\\\\", '\\"', " ", "\u007f", "0", "zz"];
  return `"${
    Array.from({ length: between(random, 0, 4) }, () => pick(random, [...parts, ...more])).join("")
  }"`;
}
