// Alone: takes the kernel away before anybody has compiled it.
import { expect } from "packages/expect.ts";
import { takeKernel } from "../../src/rows/kernel/kernel_pool.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const PIPELINE = `
pipeline: trips
source: { url: trips.csv }
target: { table: shop.trips }
refresh: { mode: full }
columns:
  id: { type: bigint, required: true, min: 0 }
  zone: { type: smallint, one_of: [1, 2, 3] }
  at: { type: timestamp, required: true }
  day: date
  seen: timestamptz
  fare: { type: "numeric(10,2)", min: 0 }
  tip: double precision
  rate: real
  paid: { type: boolean, true_values: [Y], false_values: [N] }
  key: uuid
  note: { type: text, max_length: 60 }
  extra: { type: jsonb }
rejects: { limit: 10 }
`;

const HEADER = "id,zone,at,day,seen,fare,tip,rate,paid,key,note,extra\n";

function line(id: number, extra = '"{""a"": [1, null]}"'): string {
  return `${id},${id % 3 + 1},2021-01-0${id % 9 + 1} 10:00:0${id % 10},2021-02-28,` +
    `2021-01-01T00:00:00.${id % 1000}Z,${id % 1000}.5,${id / 8},0.25,${id % 2 ? "Y" : "N"},` +
    `550e8400-e29b-41d4-a716-44665544${String(id % 10_000).padStart(4, "0")},` +
    `${id % 2 ? '"a ""quoted"", note"' : "ünquoted"},${extra}\n`;
}

const { CompileError, Memory, Module } = WebAssembly;
/** In this order: what is compiled once is not compiled again. */
const UNABLE = {
  "whose processor lacks the vector instructions": () => {
    WebAssembly.Module = class {
      constructor() {
        throw new CompileError("Wasm SIMD unsupported");
      }
    } as unknown as typeof Module;
  },
  "without room for its memory": () => {
    WebAssembly.Memory = class {
      constructor() {
        throw new RangeError("could not allocate memory");
      }
    } as unknown as typeof Memory;
  },
};

for (const [what, disable] of Object.entries(UNABLE)) {
  Deno.test(`a machine ${what} loads without the kernel`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({
      "trips.csv": HEADER + Array.from({ length: 100 }, (_, id) => line(id)).join(""),
    });
    const spec = specOf(PIPELINE, files.folder);
    disable();
    try {
      // Those that wait for another load of this process.
      for (const frames of [2, 2, 2, 2, 3, 3, 3, 3]) takeKernel(frames);
      const result = await run(test.db, spec);
      expect(result).toMatchObject({ status: "succeeded", rows_loaded: 100 });
      expect(result.partitions[0]).toMatchObject({
        plain: { records: 0 },
        special: { records: 100 },
      });
    } finally {
      Object.assign(WebAssembly, { Memory, Module });
    }
  });
}

Deno.test("a run leaves nothing of everyday records to the slow way, and says what it left", async () => {
  await using test = await ledgerDatabase();
  const plain = Array.from({ length: 20_000 }, (_, id) => line(id));
  // Two rare spellings, and a reject.
  const special = [
    line(20_000, '"{""a"": ""\\u00e9""}"'),
    line(20_001).replace("10:00:01", "100001"),
  ];
  const reject = line(20_002).replace(/,Y,|,N,/, ",maybe,");
  using files = workspace({
    "trips.csv": HEADER + [...plain, ...special, reject].join(""),
  });
  const result = await run(test.db, specOf(PIPELINE, files.folder));
  expect(result).toMatchObject({ status: "succeeded", rows_loaded: 20_002, rows_rejected: 1 });
  const bytes = (lines: string[]) => new TextEncoder().encode(lines.join("")).length - lines.length;
  expect(result.partitions[0]).toMatchObject({
    plain: { records: 20_000, bytes: bytes(plain) },
    special: { records: 3, bytes: bytes([...special, reject]) },
  });
  const [sums] = await test.db.query(
    `select count(*)::int as rows, sum(id)::int as ids, sum(fare)::text as fares,
       count(distinct key)::int as keys, count(*) filter (where note like '%"quoted", note')::int
       as quoted, count(*) filter (where paid)::int as paid from shop.trips`,
  );
  expect(sums).toEqual({
    rows: 20_002,
    ids: 20_001 * 20_002 / 2,
    fares: Array.from({ length: 20_002 }, (_, id) => id % 1000 + 0.5)
      .reduce((a, b) => a + b).toFixed(2),
    keys: 10_000,
    quoted: 10_001,
    paid: 10_001,
  });
});
