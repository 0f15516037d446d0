import { expect } from "packages/expect.ts";
import { COPY_HEADER, COPY_TRAILER } from "../../src/core/copy_format.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { Database } from "../../src/db/database.ts";
import { verifyStaging } from "../../src/load/verify_staging.ts";
import { verifyQueries } from "../../src/plan/verify.ts";
import { Frame } from "../../src/rows/frame.ts";
import { columnDigests } from "../../src/rows/verify/column_digests.ts";
import { orderOf } from "../../src/rows/verify/order.ts";
import { compileType, TYPE_ENCODERS } from "../../src/rows/types/mod.ts";
import { CASES, type TypeCase } from "../rows/differential_cases.ts";
import { between, randomFrom } from "../rows/random.ts";
import { testSeed } from "../support/seed.ts";
import { testDatabase } from "../support/postgres.ts";

// The texts that prove the encoders prove the digests: no false alarm, and every change is found.

const TABLE = { schema: "public", table: "held" };

Deno.test("every type is among the cases", () => {
  // What only the server reads is sent as a text; tests/run/server_types_modes_test.ts verifies it.
  const missing = TYPE_ENCODERS.filter(({ name }) =>
    name !== "other" && !CASES.some(({ type }) => type.name === name)
  );
  expect(missing).toEqual([]);
});

for (const encoding of ["UTF8", "LATIN1"]) {
  Deno.test(`what is sent in any type is verified without a false alarm (${encoding})`, async () => {
    await using database = await databaseOf(encoding);
    const { seed, random } = seeded();
    for (const each of await casesOf(database.db)) {
      const frame = frameOf(each, random, encoding === "UTF8" ? /(?:)/ : /^(?!.*\\u)[\0-\xff]*$/s);
      await store(database.db, each, frame);
      for (const version of [140_000, 180_000]) {
        if (version > await serverVersion(database.db)) continue;
        try {
          expect(await verify(database.db, each, frame, version)).toBe(2);
        } catch (error) {
          throw new Error(`seed ${seed}: ${each.sql}: ${error}`);
        }
      }
    }
  });
}

Deno.test("a bit that changes on the way is found in every type", async () => {
  await using database = await databaseOf("UTF8");
  const { db } = database;
  const { seed, random } = seeded();
  for (const each of await casesOf(db)) {
    const sent = frameOf(each, random, /^.{1,60}$/s, 40);
    await store(db, each, sent);
    const before = await contents(db, each);
    let found = 0;
    for (let n = 0; n < 400 && found < 12; n++) {
      const changed = flipped(sent, random);
      try {
        await store(db, each, changed);
      } catch (error) {
        // Postgres has noticed by itself.
        if (!(error instanceof SluiceError)) throw error;
        continue;
      }
      // Some bits mean nothing: blanks of a jsonb, a boolean that is 3.
      const same = await contents(db, each) === before;
      const error = await verify(db, each, sent, 140_000).then(() => null, (error) => error);
      if (same ? error !== null : error?.code !== "check/verify_mismatch") {
        throw new Error(
          `seed ${seed}: ${each.sql}: ${same ? "nothing" : "something"} changed: ${error}`,
        );
      }
      if (!same) found++;
    }
    if (found === 0) throw new Error(`seed ${seed}: ${each.sql}: no change reached the table`);
  }
});

Deno.test("values are ordered as Postgres orders them", async () => {
  await using database = await databaseOf("UTF8");
  const { db } = database;
  const { seed, random } = seeded();
  for (const each of await casesOf(db)) {
    const order = orderOf(each.type);
    if (order === null) continue;
    await store(db, each, frameOf(each, random, /(?:)/));
    const collate = /text|char/.test(each.sql) ? ` collate "C"` : "";
    const rows = await db.query<{ value: string; peer: number }>(
      `select encode(${each.send}(v), 'hex') as value, dense_rank() over (order by v${collate}) as peer
from public.held where v is not null order by v${collate}`,
    );
    const values = rows.map(({ value }) => Uint8Array.fromHex(value));
    for (let at = 1; at < values.length; at++) {
      const [a, b] = [values[at - 1]!, values[at]!];
      const equal = rows[at]!.peer === rows[at - 1]!.peer;
      const compared = order.compare(a, b);
      const [lower, higher] = [a, b].map((bytes) =>
        order.rank(new DataView(bytes.buffer), 0, bytes.length)
      ) as [number, number];
      const exact = lower === higher && Math.abs(lower) < order.exactBelow;
      if ((equal ? compared === 0 : compared < 0) && lower <= higher && (!exact || equal)) continue;
      throw new Error(`seed ${seed}: ${each.sql}: ${a.toHex()} and ${b.toHex()}: ${compared}`);
    }
  }
});

function seeded() {
  const seed = testSeed();
  return { seed, random: randomFrom(seed) };
}

async function databaseOf(encoding: string) {
  const database = await testDatabase();
  if (encoding === "UTF8") return database;
  const name = new URL(database.url).pathname.slice(1);
  await database.db.query(
    `create database ${name}_l template template0 encoding '${encoding}' locale 'C'`,
  );
  const url = new URL(database.url);
  url.pathname += "_l";
  const { connect } = await import("../../src/db/connection/connect.ts");
  const db = await connect({ url: url.href });
  return {
    db,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await database.db.query(`drop database ${name}_l with (force)`);
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Before 15 the scale of a numeric was neither negative nor beyond its precision. */
async function casesOf(db: Database): Promise<readonly TypeCase[]> {
  if (await serverVersion(db) >= 150_000) return CASES;
  return CASES.filter(({ type }) =>
    type.name !== "numeric" || type.precision === null || type.scale === null ||
    type.scale >= 0 && type.scale <= type.precision
  );
}

async function serverVersion(db: Database): Promise<number> {
  const [row] = await db.query<{ n: number }>(
    "select current_setting('server_version_num')::int as n",
  );
  return row!.n;
}

/** Tuples of a value and a number; each tenth value is NULL. */
function frameOf(each: TypeCase, random: () => number, only: RegExp, rows = 600): Frame {
  const encode = compileType(
    each.type,
    each.timezone === undefined ? {} : { timezone: each.timezone },
  );
  const frame = new Frame(1 << 20);
  const texts = [
    ...each.corpus,
    ...Array.from({ length: rows }, () => each.generate(random)),
  ].filter((text) => only.test(text));
  texts.forEach((text, at) => {
    const bytes = new TextEncoder().encode(text);
    frame.reserve(bytes.length * 2 + 300_000);
    const start = frame.length;
    frame.view.setInt16(start, 2);
    frame.length += 2;
    if (at % 10 === 9) {
      frame.view.setInt32(frame.length, -1);
      frame.length += 4;
    } else if (encode(bytes, 0, bytes.length, frame) !== null) {
      frame.length = start;
      return;
    }
    frame.view.setInt32(frame.length, 8);
    frame.view.setBigInt64(frame.length + 4, BigInt(at));
    frame.length += 12;
  });
  return frame;
}

async function store(db: Database, each: TypeCase, frame: Frame): Promise<void> {
  await db.query(
    `drop table if exists public.held; create table public.held (v ${each.sql}, n bigint)`,
  );
  const copy = await db.copyIn("copy public.held (v, n) from stdin (format binary)");
  try {
    await copy.write(COPY_HEADER);
    await copy.write(frame.bytes.subarray(0, frame.length));
    await copy.write(COPY_TRAILER);
    await copy.finish();
  } catch (error) {
    await copy.abort("refused");
    throw error;
  }
}

async function verify(db: Database, each: TypeCase, sent: Frame, version: number): Promise<number> {
  const columns = [{ name: "v", type: each.type }, {
    name: "n",
    type: { name: "bigint" } as const,
  }];
  const digests = columnDigests(["v", "n"], columns);
  digests.add(sent, 0);
  return await verifyStaging(db, verifyQueries(columns, TABLE, version), digests);
}

/** All values that are held, in bytes. */
async function contents(db: Database, each: TypeCase): Promise<string> {
  const [row] = await db.query<{ all: string }>(
    `select string_agg(coalesce(encode(${each.send}(v), 'hex'), '-'), ' ' order by n) as all from public.held`,
  );
  return row!.all;
}

/** The frame with one bit of one value changed. */
function flipped(frame: Frame, random: () => number): Frame {
  const places: number[] = [];
  for (let at = 0; at < frame.length;) {
    const size = frame.view.getInt32(at + 2);
    for (let i = 0; i < size; i++) places.push(at + 6 + i);
    at += 6 + Math.max(0, size) + 12;
  }
  const changed = new Frame(frame.length);
  changed.bytes.set(frame.bytes.subarray(0, frame.length));
  changed.length = frame.length;
  const at = places[between(random, 0, places.length - 1)]!;
  changed.bytes[at] = changed.bytes[at]! ^ 1 << between(random, 0, 7);
  return changed;
}
