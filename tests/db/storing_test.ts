import { expect } from "packages/expect.ts";
import { storedText, storing, storingWithin } from "../../src/db/storing.ts";
import { testDatabase } from "../support/postgres.ts";

for (const encoding of ["UTF8", "SQL_ASCII", "LATIN1", "EUC_JP"]) {
  Deno.test(`texts that ${encoding} lacks are stored with escapes, within a transaction too`, async () => {
    await using test = await testDatabase(encoding);
    await test.db.query("create table texts (id int, text text)");
    const texts = ["plain", "Zoë", "日本 and more", "a\\b 한 😀"];
    for (const [id, text] of texts.entries()) {
      await storing((map) => test.db.query("insert into texts values ($1, $2)", [id, map(text)]));
    }
    await test.db.transaction(async (tx) => {
      await tx.query("insert into texts values (10, 'before')");
      for (const [id, text] of texts.entries()) {
        await storingWithin(
          tx,
          (map) => tx.query("insert into texts values ($1, $2)", [id + 20, map(text)]),
        );
      }
      await tx.query("insert into texts values (30, 'after')");
    });
    const rows = await test.db.query<{ id: number; text: string }>(
      "select id, text from texts order by id",
    );
    const held = await Promise.all(texts.map((text) => storedText(test.db, text)));
    expect(rows.map(({ text }) => text)).toEqual([...held, "before", ...held, "after"]);
    const escapes = (text: string) => text.includes("\\u");
    const lacks = { LATIN1: [false, false, true, true], EUC_JP: [false, false, false, true] };
    expect(held.map(escapes)).toEqual(
      lacks[encoding as keyof typeof lacks] ?? [false, false, false, false],
    );
    for (const [at, text] of texts.entries()) if (!escapes(held[at])) expect(held[at]).toBe(text);
  });
}

Deno.test("any other error is told, and nothing is written twice", async () => {
  await using test = await testDatabase("LATIN1");
  let tries = 0;
  await expect(storing(() => {
    tries++;
    return test.db.query("select 1 / 0");
  })).rejects.toMatchObject({ code: "db/invalid_data" });
  expect(tries).toBe(1);
});
