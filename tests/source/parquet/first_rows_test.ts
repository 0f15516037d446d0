/** What only looks at the first rows of a file reads no more of it than those. */
import { expect } from "packages/expect.ts";
import { inspectSource } from "../../../src/inspect/inspect_source.ts";
import { previewPartition } from "../../../src/inspect/mod.ts";
import { sourceOf } from "../../../src/inspect/source_of.ts";
import { LOOKING, profileOfText } from "../../inspect/support.ts";
import {
  type Answer,
  answerFile,
  type ServedRequest,
  serveHttp,
} from "../../support/http_server.ts";
import { specOf, workspace } from "../../support/pipeline.ts";
import { numbersFile } from "./numbers_file.ts";

const COLUMNS = 5;
/** A sample has rows of one group. */
const SIZE = { columns: COLUMNS, rows: 120_000, rowGroupSize: 50_000, pageSize: 1 << 16 };
const FIRST = numbersFile(1, SIZE);
const SECOND = numbersFile(2, SIZE);

function served(answer: (request: ServedRequest, index: number) => Answer) {
  const counted = { bytes: 0, whole: 0 };
  const server = serveHttp((request, index) => {
    const given = answer(request, index);
    counted.bytes += given.body?.length ?? 0;
    if ((given.body?.length ?? 0) >= FIRST.length) counted.whole++;
    return given;
  });
  return { server, counted };
}

async function preview(url: string, c1 = "integer") {
  const text = `
pipeline: things
source: { url: "${url}", format: parquet, retries: 2 }
target: { table: shop.things }
refresh: { mode: full }
schema_contract: { new_columns: discard_value }
columns: { c1: ${c1}, c4: bigint }
`;
  return await previewPartition(specOf(text, "/"), undefined, 4, LOOKING);
}

async function profile(url: string) {
  const { bytes, ...rest } = await inspectSource(sourceOf(url, "/", {}), url, false, LOOKING);
  return { bytes, rest };
}

const rowsOf = (version: number) =>
  [0, 1, 2, 3].map((row) => [String(row * 8 + version), String(row * 8 + version)]);

Deno.test("first rows: a preview and a sample over HTTP read the first pages, each proven", async () => {
  const { server, counted } = served((request) =>
    answerFile(request, { body: FIRST, etag: '"v1"' })
  );
  await using _ = server;
  expect((await preview(`${server.origin}/a/things.parquet`)).rows).toEqual(rowsOf(1));
  expect(counted.bytes).toBeLessThan(FIRST.length / 4);
  counted.bytes = 0;
  const { bytes, rest } = await profile(`${server.origin}/a/things.parquet?x=1`);
  expect(rest).toMatchObject({ records: 50_000, isWhole: false, format: { type: "parquet" } });
  expect(counted.bytes).toBeLessThan(FIRST.length * 0.6);
  expect(bytes).toBeLessThan(FIRST.length * 0.6);
  expect(counted.whole).toBe(0);
  const [tail] = server.requests;
  expect(tail.headers.range).toBe("bytes=-65536");
  const parts = server.requests.filter(({ headers }) => headers.range !== "bytes=-65536");
  for (const { headers } of parts) expect(headers["if-range"]).toBe('"v1"');

  using files = workspace({ "things.parquet": FIRST });
  const local = await profile(`${files.folder}/things.parquet`);
  expect(local.rest).toEqual(rest);
  expect(local.bytes).toBeLessThan(FIRST.length * 0.6);
});

/** Servers of which parts cannot be had, or do not prove themselves, by what is answered. */
const WHOLE: readonly (readonly [
  name: string,
  version: number,
  answer: (request: ServedRequest, index: number) => Answer,
])[] = [
  ["a weak etag", 1, (request) => answerFile(request, { body: FIRST, etag: 'W/"v1"' })],
  ["no ranges", 1, () => ({ body: FIRST, headers: { etag: '"v1"' } })],
  [
    "another file after the first request",
    2,
    (request, index) =>
      answerFile(request, {
        body: index === 0 ? FIRST : SECOND,
        etag: index === 0 ? '"v1"' : '"v2"',
      }),
  ],
  ["parts of another state", 1, (request, index) => {
    if (request.headers.range === undefined || index === 0) {
      return answerFile(request, { body: FIRST, etag: '"v1"' });
    }
    return answerFile({ ...request, headers: { range: request.headers.range } }, {
      body: SECOND,
      etag: '"v2"',
    });
  }],
];

for (const [name, version, answer] of WHOLE) {
  Deno.test(`first rows: all is read, and nothing is mixed, where there is ${name}`, async () => {
    for (const look of ["preview", "sample"] as const) {
      const { server, counted } = served(answer);
      await using _ = server;
      const url = `${server.origin}/things.parquet`;
      if (look === "preview") expect((await preview(url)).rows).toEqual(rowsOf(version));
      else {
        const { rest } = await profile(url);
        expect(rest.fields.map(({ range }) => range?.[0])).toEqual(
          Array(COLUMNS).fill(String(version)),
        );
      }
      expect(counted.whole).toBeGreaterThan(0);
    }
  });
}

Deno.test("first rows: rejects among them are told, and rows behind the last one are not shown", async () => {
  using files = workspace({ "things.parquet": FIRST });
  const url = `${files.folder}/things.parquet`;
  const { rows, rejects } = await preview(url, "{ type: integer, max: 10 }");
  expect(rows).toEqual(rowsOf(1).slice(0, 2));
  expect(rejects).toMatchObject([{ line: 3, column: "c1" }, { line: 4, column: "c1" }]);
});

Deno.test("first rows: a CSV file whose header begins like Parquet is one", async () => {
  const { format, records } = await profileOfText("PAR1,b\n1,2\n3,4\n", "in.parquet");
  expect(format).toMatchObject({ type: "csv" });
  expect(records).toBe(2);
});
