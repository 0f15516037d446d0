import { expect } from "packages/expect.ts";
import { hashBytes, hashed } from "../../src/rows/verify/hash_bytes.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { between, randomFrom } from "../rows/random.ts";
import { testSeed } from "../support/seed.ts";

Deno.test("hashBytes() hashes as Postgres does, at every length", async () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const values: Uint8Array[] = [];
  for (let length = 0; length <= 300; length++) {
    values.push(new Uint8Array(length), new Uint8Array(length).fill(255));
    for (let n = 0; n < 8; n++) {
      values.push(Uint8Array.from({ length }, () => between(random, 0, 255)));
    }
  }
  values.push(Uint8Array.from({ length: 70_001 }, () => between(random, 0, 255)));
  await using database = await ledgerDatabase();
  const rows = await database.db.query<{ hash: string; record: string }>(
    `select hash_record_extended(row(decode(h, 'hex')), 0)::text as record
from json_array_elements_text($1::json) with ordinality t (h, n) order by n`,
    [JSON.stringify(values.map((bytes) => bytes.toHex()))],
  );
  expect(rows).toHaveLength(values.length);
  values.forEach((bytes, at) => {
    // In the midst of others, as a value lies in its frame.
    const around = new Uint8Array(bytes.length + 7).fill(170);
    around.set(bytes, 3);
    hashBytes(around, 3, 3 + bytes.length);
    const hash = BigInt(hashed.high) << 32n | BigInt(hashed.low);
    if (String(BigInt.asIntN(64, hash)) !== rows[at]!.record) {
      throw new Error(`seed ${seed}: another hash for ${bytes.toHex()}`);
    }
  });
});
