import { expect } from "packages/expect.ts";
import { CopyReceiver } from "../../src/db/connection/copy_receiver.ts";
import { Reading } from "../../src/db/connection/reading.ts";
import { between, randomFrom } from "../rows/random.ts";
import { testDatabase } from "../support/postgres.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);

Deno.test(`rows are parted from other messages, in whatever pieces they come (SLUICE_SEED=${SEED})`, () => {
  console.log(`SLUICE_SEED=${SEED}`);
  const random = randomFrom(SEED);
  for (let round = 0; round < 300; round++) {
    const sent: number[] = [];
    const rows: number[] = [];
    const others: number[] = [];
    for (let n = between(random, 0, 30); n > 0; n--) {
      const isRow = between(random, 0, 2) > 0;
      const body = Array.from(
        { length: between(random, 0, between(random, 0, 4) === 0 ? 3000 : 20) },
        () => between(random, 0, 255),
      );
      const length = body.length + 4;
      // Types of messages, `d` and others.
      const type = isRow ? 0x64 : [0x43, 0x5a, 0x48, 0x63, 0x4e][between(random, 0, 4)];
      const message = [type, 0, 0, length >> 8, length & 255, ...body];
      sent.push(...message);
      if (isRow) rows.push(...body);
      else others.push(...message);
    }
    const told: number[] = [];
    let news = 0;
    const receiver = new CopyReceiver(
      { pause: () => {}, resume: () => {} },
      (bytes) => told.push(...bytes),
      () => news++,
    );
    const taken: number[] = [];
    for (let at = 0; at < sent.length;) {
      const end = at + between(random, 1, 50);
      receiver.push(Uint8Array.from(sent.slice(at, end)));
      at = end;
      if (between(random, 0, 1) === 0) taken.push(...receiver.take() ?? []);
    }
    for (let each = receiver.take(); each !== null; each = receiver.take()) taken.push(...each);
    expect(taken).toEqual(rows);
    expect(told).toEqual(others);
    expect(news > 0).toBe(rows.length > 0);
  }
});

Deno.test("a server is asked to wait while nobody takes its rows, and to go on", () => {
  const asked: string[] = [];
  const receiver = new CopyReceiver(
    { pause: () => asked.push("pause"), resume: () => asked.push("resume") },
    () => {},
    () => {},
  );
  const row = new Uint8Array(5 + 60_000);
  row[0] = 0x64;
  new DataView(row.buffer).setUint32(1, 60_004);
  for (let n = 0; n < 20; n++) receiver.push(row);
  expect(asked).toEqual(["pause"]);
  for (let n = 0; n < 20; n++) expect(receiver.take()?.length).toBe(60_000);
  expect(asked).toEqual(["pause", "resume"]);
  expect(receiver.take()).toBe(null);
});

Deno.test("many small rows come in few pieces, and complete", async () => {
  await using test = await testDatabase();
  await using reading = await Reading.open(test.url, 60, new AbortController().signal);
  const copy = await reading.copyOut("select n from generate_series(1, 300000) n");
  let text = "";
  let pieces = 0;
  for (let bytes = await copy.next(); bytes !== null; bytes = await copy.next()) {
    text += new TextDecoder().decode(bytes);
    pieces++;
  }
  expect(text).toBe(Array.from({ length: 300_000 }, (_, n) => `${n + 1}\n`).join(""));
  expect(pieces).toBeLessThan(3000);
});

Deno.test("what goes wrong in the middle of a copy is its end, with the word of Postgres", async () => {
  await using test = await testDatabase();
  await using reading = await Reading.open(test.url, 60, new AbortController().signal);
  const copy = await reading.copyOut(
    "select 100000 / (200000 - n) from generate_series(1, 300000) n",
  );
  const read = async () => {
    while (await copy.next() !== null);
  };
  await expect(read()).rejects.toThrow("division by zero");
  await expect(read()).rejects.toThrow("division by zero");
});
