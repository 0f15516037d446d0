import { expect } from "packages/expect.ts";
import { sqlType } from "../../src/plan/sql_types.ts";
import { GUESSABLE, writesBack } from "../../src/rows/writes_back.ts";
import { serverVersion, testDatabase } from "../support/postgres.ts";
import { CASES } from "./differential_cases.ts";
import { encodeText } from "./encode_text.ts";
import { pick, randomFrom } from "./random.ts";
import { rounds } from "../support/rounds.ts";

const ROWS = rounds(6_000, "SLUICE_WRITES_BACK_ROWS");
const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1_000_000_007);

Deno.test(`a type that evidence may choose writes its texts back, and knows all of them (SLUICE_SEED=${SEED})`, async () => {
  console.log(`SLUICE_SEED=${SEED}, ${ROWS} texts of each type`);
  const random = randomFrom(SEED);
  await using test = await testDatabase();
  if (await serverVersion(test.db) < 160000) {
    return console.log("skipped: Postgres reads fewer texts before 16 than Sluice does");
  }
  for (const type of GUESSABLE) {
    const sql = sqlType(type);
    const { corpus, generate, alphabet } = CASES.find((entry) => entry.sql === sql)!;
    const raw = Array.from(
      { length: ROWS },
      () => (random() < 0.1 ? pick(random, corpus) : generate(random)).toWellFormed(),
    ).filter((text) => !text.includes("\0"));
    const valid = raw.filter((text) => /^[0-9a-f]+$/.test(encodeText(sql, text)));
    // What Postgres itself writes, and that with a character changed.
    const written = await castAll(valid, sql);
    const near = written.map((text) => {
      const at = Math.floor(random() * (text.length + 1));
      return (text.slice(0, at) + pick(random, alphabet) +
        text.slice(at + (random() < 0.5 ? 1 : 0)))
        .toWellFormed();
    });
    const texts = [...new Set([...valid, ...written, ...near])].filter((text) =>
      !text.includes("\0") && /^[0-9a-f]+$/.test(encodeText(sql, text))
    );
    const answers = await castAll(texts, sql);
    const writes = writesBack(type);
    const chosen = texts.filter(writes);
    const changed = texts.filter((text, i) => writes(text) && answers[i] !== text);
    expect(changed).toEqual([]);
    const missed = texts.filter((text, i) =>
      answers[i] === text && !writes(text) && !NEVER_CHOSEN.test(text)
    );
    expect(missed).toEqual([]);
    expect(chosen.length).toBeGreaterThan(1);
    console.log(`  ${sql}: ${texts.length} texts, ${chosen.length} written back`);
  }

  async function castAll(texts: readonly string[], sql: string): Promise<string[]> {
    const rows = await test.db.query<{ text: string }>(
      `select t::${sql}::text as text from jsonb_array_elements_text($1::jsonb) with ordinality
as e (t, n) order by n`,
      [JSON.stringify(texts)],
    );
    return rows.map(({ text }) => text);
  }
});

/** Words, years of five digits or before Christ, and doubles halfway to the next. */
const NEVER_CHOSEN = /^-?(NaN|[Ii]nfinity)$|BC$|^\d{5,}-|^-?\d\.\d{14,}e\+/;

const TEXTS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["integer", ["0", "-7", "2147483647"], ["-0", "+5", "007", "1e3", "1.0", " 1", "1_000", "0x1F"]],
  ["numeric", ["1.50", "0.0", "-0.10"], ["-0.0", "-0", "1.", ".5", "1e3", "1E3", "NaN", "01.5"]],
  [
    "double precision",
    ["1e+20", "1.5e-07", "0.1", "1e+100", "1e+15", "-1e-05"],
    ["1E3", "1e3", "12e5", "3e10", "1e20", "1e-7", "0.10", "1e+23", "1e14", "NaN", "1e+9999"],
  ],
  ["boolean", ["true", "false"], ["t", "f", "TRUE", "False", "1", "0", "yes", "on"]],
  ["date", ["2021-02-28", "0001-01-01"], ["2021-1-5", "20210105", "2021/01/05", "infinity"]],
  [
    "timestamp",
    ["2021-01-01 10:00:00", "2021-01-01 23:59:59.5"],
    [
      "2021-01-01T10:00:00",
      "2021-01-01 10:00",
      "2021-01-01 10:00:00.50",
      "2021-01-01 24:00:00",
      "2021-01-01 10:00:60",
      "2021-01-01",
    ],
  ],
  [
    "timestamptz",
    ["2021-01-01 10:00:00+00"],
    ["2021-01-01 10:00:00Z", "2021-01-01 10:00:00+01", "2021-01-01 10:00:00+00:00"],
  ],
  [
    "uuid",
    ["0f8fad5b-d9cb-469f-a165-70867728950e"],
    ["0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5bd9cb469fa16570867728950e"],
  ],
];

for (const [name, same, changed] of TEXTS) {
  Deno.test(`writesBack(${name}) takes what Postgres writes, and nothing else`, () => {
    const writes = writesBack(GUESSABLE.find((type) => type.name === name)!);
    expect(same.filter((text) => !writes(text))).toEqual([]);
    expect(changed.filter(writes)).toEqual([]);
  });
}

Deno.test("writesBack goes by the way in which the pipeline file writes numbers", () => {
  const writes = writesBack({ name: "numeric", precision: null, scale: null }, {
    thousands: ".",
    decimal: ",",
  });
  expect(["1.234,50", "1,5"].filter((text) => !writes(text))).toEqual([]);
  expect(["1e3", "01,5"].filter(writes)).toEqual([]);
});
