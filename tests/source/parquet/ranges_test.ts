/** Parquet of which only what is wanted is read over HTTP and from stores. */
import { createHash } from "node:crypto";
import { expect } from "packages/expect.ts";
import { sourcePlan } from "../../../src/plan/source_plan.ts";
import { secretsFrom } from "../../../src/core/secret.ts";
import { forApproval, planPipeline, replayRejects, runPipeline } from "../../../src/run/mod.ts";
import {
  type Answer,
  answerFile,
  type ServedRequest,
  serveHttp,
} from "../../support/http_server.ts";
import { ALL, specOf, testContext } from "../../support/pipeline.ts";
import { ledgerDatabase, type TestDatabase } from "../../support/postgres.ts";
import { startAzure } from "../conformance/azure_server.ts";
import { startS3 } from "../conformance/s3_server.ts";
import { numbersFile } from "./numbers_file.ts";

const COLUMNS = 20;
const GROUPS = 2;

const fileOf = (version: number, rows = 20_000) =>
  numbersFile(version, { columns: COLUMNS, rows, rowGroupSize: Math.ceil(rows / GROUPS) });

const FIRST = fileOf(1);
const SECOND = fileOf(2);
const LONGER = fileOf(3, 21_000);

function yaml(url: string, columns = ["c3: integer", "c17: integer"], more = ""): string {
  return `
pipeline: things
source: { url: "${url}", format: parquet, retries: 2${
    more.includes("checksum") ? `, ${more}` : ""
  } }
target: { table: shop.things }
refresh: { mode: full }
schema_contract: { new_columns: discard_value }
columns:
${columns.map((column) => `  ${column}`).join("\n")}
verify: full
${more.includes("checksum") ? "" : more}`;
}

function contextOf(db: TestDatabase["db"], variables: Readonly<Record<string, string>> = {}) {
  // No wait between attempts.
  return { ...testContext(db).context, random: () => 0, secrets: secretsFrom(variables) };
}

async function load(
  db: TestDatabase["db"],
  text: string,
  variables: Readonly<Record<string, string>> = {},
) {
  return await runPipeline(specOf(text, "/"), ALL, contextOf(db, variables));
}

/** Versions in the table, with the rows of each column that have it. */
async function versions(db: TestDatabase["db"]): Promise<unknown[]> {
  return await db.query(`select c3 % 8 as c3, c17 % 8 as c17, count(*)::int as rows,
(sum(c3::bigint) = sum(c17::bigint)) as equal from shop.things group by 1, 2 order by 1, 2`);
}

const isOf = (version: number, rows = 20_000) => [{ c3: version, c17: version, rows, equal: true }];

/** Bytes that answers have had. */
function counting(answer: (request: ServedRequest, index: number) => Answer) {
  const counted = { bytes: 0, gets: 0 };
  const server = serveHttp((request, index) => {
    const given = answer(request, index);
    if (request.method === "GET") {
      counted.gets++;
      counted.bytes += given.body?.length ?? 0;
    }
    return given;
  });
  return { server, counted };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const LIVE = "select sha256, bytes::int, etag from sluice.loads where state = 'live'";

Deno.test("ranges: two columns of twenty are a small part of the bytes, and equal", async () => {
  await using test = await ledgerDatabase();
  const { server, counted } = counting((request) =>
    answerFile(request, { body: FIRST, etag: '"v1"' })
  );
  await using _ = server;
  const text = yaml(`${server.origin}/things.parquet`);
  const result = await load(test.db, text);
  expect(result).toMatchObject({ error: null, rows_loaded: 20_000 });
  expect(await versions(test.db)).toEqual(isOf(1));
  expect(counted.bytes).toBeLessThan(FIRST.length * 0.2);
  const gets = server.requests.filter(({ method }) => method === "GET");
  expect(gets[0].headers.range).toBe("bytes=-65536");
  expect(gets.length).toBe(1 + 2 * GROUPS);
  for (const { headers } of gets.slice(1)) {
    expect(headers["if-range"]).toBe('"v1"');
    expect(headers.range).toMatch(/^bytes=\d+-\d+$/);
  }
  // The identity cannot be taken for the digest of the file; the length is that of the file.
  const [live] = await test.db.query<{ sha256: string }>(LIVE);
  expect(live).toMatchObject({ bytes: FIRST.length, etag: '"v1"' });
  expect(live.sha256).toMatch(/^ranges:[0-9a-f]{64}$/);
  expect(result.partitions[0]).toMatchObject({ sha256: live.sha256 });
  const before = counted.gets;
  expect(await load(test.db, text)).toMatchObject({ status: "unchanged" });
  expect(counted.gets).toBe(before);
});

Deno.test("ranges: the same file read again has the same identity, another file another one", async () => {
  const identities: string[] = [];
  // A second read that is slower, of another server, and one of a file with other bytes.
  for (
    const [body, etag, step] of [[FIRST, "1", 64], [FIRST, "1", 1], [SECOND, "1", 64]] as const
  ) {
    await using test = await ledgerDatabase();
    await using server = serveHttp((request) => ({
      ...answerFile(request, { body, etag: `"${etag}"` }),
      step: step << 10,
    }));
    await load(test.db, yaml(`${server.origin}/things.parquet`));
    identities.push((await test.db.query<{ sha256: string }>(LIVE))[0].sha256);
  }
  expect(identities[1]).toBe(identities[0]);
  expect(identities[2]).not.toBe(identities[0]);
});

/** Servers and files of which all bytes are read. */
const WHOLE: readonly (readonly [
  name: string,
  answer: (request: ServedRequest) => Answer,
  columns?: readonly string[],
])[] = [
  ["a weak etag", (request) => answerFile(request, { body: FIRST, etag: 'W/"v1"' })],
  ["an etag without quotes", (request) => answerFile(request, { body: FIRST, etag: "v1" })],
  [
    "a date alone",
    (request) =>
      answerFile(request, { body: FIRST, lastModified: "Mon, 01 Mar 2021 00:00:00 GMT" }),
  ],
  ["no proof at all", (request) => answerFile(request, { body: FIRST })],
  ["a server without ranges", () => ({ body: FIRST, headers: { etag: '"v1"' } })],
  [
    "a server that refuses ranges",
    ({ headers }) =>
      headers.range === undefined
        ? { body: FIRST, headers: { etag: '"v1"' } }
        : { status: 416, headers: { etag: '"v1"' } },
  ],
  [
    "a server that knows no range from the end",
    ({ headers }) =>
      headers.range === undefined ? { body: FIRST, headers: { etag: '"v1"' } } : { status: 400 },
  ],
  ["a range that is another", (request) => {
    const [status, headers, body] = request.headers.range === undefined
      ? [200, {}, FIRST]
      : [206, { "content-range": `bytes 0-99/${FIRST.length}` }, FIRST.subarray(0, 100)];
    return { status, body, headers: { etag: '"v1"', ...headers } };
  }],
  [
    "a range without its place",
    ({ headers }) =>
      headers.range === undefined
        ? { body: FIRST, headers: { etag: '"v1"' } }
        : { status: 206, body: FIRST.subarray(-65536), headers: { etag: '"v1"' } },
  ],
  ["a file of unknown length", ({ headers }) => {
    const { length } = FIRST;
    return headers.range === undefined ? { body: FIRST, headers: { etag: '"v1"' } } : {
      status: 206,
      body: FIRST.subarray(-65536),
      headers: { etag: '"v1"', "content-range": `bytes ${length - 65536}-${length - 1}/*` },
    };
  }],
  [
    "most columns",
    (request) => answerFile(request, { body: FIRST, etag: '"v1"' }),
    Array.from({ length: 18 }, (_, c) => `c${c}: integer`),
  ],
];

for (const [name, answer, columns] of WHOLE) {
  Deno.test(`ranges: all is read where there is ${name}`, async () => {
    await using test = await ledgerDatabase();
    await using server = serveHttp(answer);
    const result = await load(test.db, yaml(`${server.origin}/things.parquet`, columns?.slice()));
    expect(result).toMatchObject({ error: null, rows_loaded: 20_000 });
    expect(await versions(test.db)).toEqual(isOf(1));
    expect(await test.db.query(LIVE)).toMatchObject([
      { sha256: sha256(FIRST), bytes: FIRST.length },
    ]);
    const bodies = server.requests.filter(({ method, headers }) =>
      method === "GET" && headers.range === undefined
    );
    expect(bodies.length).toBe(name === "a server without ranges" ? 0 : 1);
  });
}

Deno.test("ranges: a checksum is one of all bytes, and a small file comes at once", async () => {
  await using test = await ledgerDatabase();
  const small = fileOf(1, 40);
  const { server, counted } = counting((request) =>
    answerFile(request, { body: request.path === "/small" ? small : FIRST, etag: '"v1"' })
  );
  await using _ = server;
  const text = yaml(`${server.origin}/things`, undefined, `checksum: ${sha256(FIRST)}`);
  expect(await load(test.db, text)).toMatchObject({ error: null, rows_loaded: 20_000 });
  expect(counted).toEqual({ gets: 1, bytes: FIRST.length });
  expect(await load(test.db, yaml(`${server.origin}/small`))).toMatchObject({ rows_loaded: 40 });
  expect(counted).toEqual({ gets: 2, bytes: FIRST.length + small.length });
  expect(await test.db.query(LIVE)).toMatchObject([{ sha256: sha256(small) }]);
});

/** Answers as a server does that knows no If-Range. */
function unconditional({ headers: { "if-range": _, ...headers }, ...request }: ServedRequest) {
  return { ...request, headers };
}

/** What becomes of the file, from one request on or at that one alone. */
interface Change {
  readonly name: string;
  readonly isOnce?: true;
  answer(request: ServedRequest): Answer;
}

const first = (request: ServedRequest) => answerFile(request, { body: FIRST, etag: '"v1"' });

const CHANGES: readonly Change[] = [
  {
    name: "another file",
    answer: (request) => answerFile(request, { body: SECOND, etag: '"v2"' }),
  },
  {
    name: "another file of a server without If-Range",
    answer: (request) => answerFile(unconditional(request), { body: SECOND, etag: '"v2"' }),
  },
  {
    name: "a longer file of a server without If-Range",
    answer: (request) => answerFile(unconditional(request), { body: LONGER, etag: '"v3"' }),
  },
  {
    name: "a longer file with the same etag",
    answer: (request) => answerFile(request, { body: LONGER, etag: '"v1"' }),
  },
  {
    name: "another file without an etag",
    answer: (request) => answerFile(unconditional(request), { body: SECOND }),
  },
  {
    name: "another file with a weak etag",
    answer: (request) => answerFile(unconditional(request), { body: SECOND, etag: 'W/"v1"' }),
  },
  { name: "no ranges any more", answer: () => ({ body: FIRST, headers: { etag: '"v1"' } }) },
  { name: "another file, no ranges, no etag", answer: () => ({ body: SECOND }) },
  { name: "nothing", answer: () => ({ status: 404 }) },
  { name: "a range that is not there", isOnce: true, answer: () => ({ status: 416 }) },
  {
    name: "a cut body",
    isOnce: true,
    answer: (request) => ({ ...first(request), cutAfter: 1000 }),
  },
  {
    name: "a body that is too short",
    isOnce: true,
    answer: (request) => ({ ...first(request), body: first(request).body!.subarray(10) }),
  },
  {
    name: "a body that is too long",
    isOnce: true,
    answer: (request) => ({
      ...first(request),
      chunked: true,
      body: new Uint8Array([...first(request).body!, 0]),
    }),
  },
  {
    name: "no Content-Range",
    isOnce: true,
    answer(request) {
      const { headers, ...answer } = first(request);
      const { "content-range": _, ...others } = headers!;
      return { ...answer, headers: others };
    },
  },
  {
    name: "a Content-Range that is none",
    isOnce: true,
    answer: (request) => ({
      ...first(request),
      headers: { etag: '"v1"', "content-range": "bytes x" },
    }),
  },
  {
    name: "another range",
    isOnce: true,
    answer: (request) => ({
      ...first(request),
      headers: { etag: '"v1"', "content-range": `bytes 7-99/${FIRST.length}` },
    }),
  },
  {
    name: "a shorter range",
    isOnce: true,
    answer(request) {
      const { start, end } = /-(?<end>\d+)/.test(request.headers.range)
        ? /(?<start>\d+)-(?<end>\d+)/.exec(request.headers.range)?.groups ?? {}
        : {};
      if (start === undefined) return first(request);
      const headers = { ...request.headers, range: `bytes=${start}-${Number(end) - 100}` };
      return first({ ...request, headers });
    },
  },
  { name: "a busy server", isOnce: true, answer: () => ({ status: 503 }) },
  {
    name: "another encoding",
    isOnce: true,
    answer(request) {
      const { headers, ...answer } = first(request);
      return { ...answer, headers: { ...headers, "content-encoding": "gzip" } };
    },
  },
];

/** Requests of a load of {@link FIRST}: the length and etag, the end, and each column in each group. */
const REQUESTS = 2 + 2 * GROUPS;

for (const { name, isOnce, answer } of CHANGES) {
  Deno.test(`ranges: never a mix where there is, at any request, ${name}`, async () => {
    for (let at = 1; at < REQUESTS; at++) {
      await using test = await ledgerDatabase();
      await using server = serveHttp((request, index) =>
        index < at || isOnce && index > at || request.method === "HEAD"
          ? first(request)
          : answer(request)
      );
      const result = await load(test.db, yaml(`${server.origin}/things.parquet`));
      const live = await test.db.query<{ sha256: string }>(LIVE);
      if (result.error !== null) {
        expect(result.error.code).toMatch(/^source\//);
        expect(live).toEqual([]);
        // What is there and right is loaded, on the next attempt or on this one.
        expect([at, name, result.error.code])
          .toEqual([at, "nothing", "source/not_found"]);
        continue;
      }
      const [{ c3 }] = await versions(test.db) as { c3: number }[];
      expect(await versions(test.db)).toEqual(isOf(c3, c3 === 3 ? 21_000 : 20_000));
      const whole = sha256([FIRST, SECOND, LONGER][c3 - 1]);
      expect(live[0].sha256.startsWith("ranges:") || live[0].sha256 === whole).toBe(true);
    }
  });
}

Deno.test("ranges: who asks is known at the file's own origin only, behind redirects too", async () => {
  await using test = await ledgerDatabase();
  const seen: string[] = [];
  await using other = serveHttp((request) => {
    seen.push(request.headers.authorization ?? "", request.headers["x-key"] ?? "");
    return first(request);
  });
  await using server = serveHttp(({ headers }) => {
    if (headers.authorization !== `Basic ${btoa("reader:pass-word-7")}`) return { status: 401 };
    return { status: 302, headers: { location: `${other.origin}/moved?sig=1` } };
  });
  const url = `${server.origin.replace("//", "//reader:${PASS}@")}/things.parquet`;
  const result = await load(test.db, yaml(url), { PASS: "pass-word-7" });
  expect(result).toMatchObject({ error: null, rows_loaded: 20_000 });
  expect(await versions(test.db)).toEqual(isOf(1));
  expect(new Set(seen)).toEqual(new Set([""]));
  expect(server.requests.length).toBe(REQUESTS);
});

Deno.test("ranges: several files are one load, with an account of each", async () => {
  await using test = await ledgerDatabase();
  const small = fileOf(1, 40);
  const files: Record<string, Uint8Array> = { "/a": FIRST, "/b": small, "/c": FIRST };
  await using server = serveHttp((request) =>
    answerFile(request, { body: files[request.path], etag: `"${request.path}"` })
  );
  const url = ["a", "b", "c"].map((name) => `${server.origin}/${name}`);
  const text = yaml("").replace('url: ""', `url: ${JSON.stringify(url)}`);
  expect(await load(test.db, text)).toMatchObject({ error: null, rows_loaded: 40_040 });
  const accounts = await test.db.query<{ sha256: string; bytes: number; rows: number }>(
    "select sha256, bytes::int, rows_read::int as rows from sluice.load_files order by source_url",
  );
  expect(accounts.map(({ bytes, rows }) => [bytes, rows])).toEqual([
    [FIRST.length, 20_000],
    [small.length, 40],
    [FIRST.length, 20_000],
  ]);
  expect(accounts.map((each) => each.sha256.startsWith("ranges:"))).toEqual([true, false, true]);
  expect(accounts[1].sha256).toBe(sha256(small));
  const [live] = await test.db.query<{ sha256: string }>(LIVE);
  expect(live.sha256).toMatch(/^ranges:/);
  expect(await load(test.db, text)).toMatchObject({ status: "unchanged" });
});

Deno.test("ranges: a reject has its place and record, and is replayed", async () => {
  await using test = await ledgerDatabase();
  await using server = serveHttp(first);
  const most = 19_990 * 8;
  const text = yaml(
    `${server.origin}/things.parquet`,
    [`c3: { type: integer, max: ${most} }`, "c17: integer"],
    "idempotency_key: [c17]\nrejects: { limit: 100, on_duplicate: reject }",
  ).replace(", on_duplicate: reject", "");
  expect(await load(test.db, text)).toMatchObject({ error: null, rows_rejected: 10 });
  const [{ line, message, raw }] = await test.db.query<Record<string, unknown>>(
    `select line::int, message, convert_from(raw, 'UTF8') as raw from sluice.rejected_rows
order by line limit 1`,
  );
  expect(line).toBe(19_991);
  expect(message).toContain("(row 9991 of row group 2)");
  expect(JSON.parse(raw as string)).toEqual({ c3: most + 1, c17: most + 1 });
  const mended = specOf(text.replace(`max: ${most}`, "max: 1000000"), "/");
  const replayed = await replayRejects(mended, undefined, contextOf(test.db));
  expect(replayed).toMatchObject({ error: null, rows_loaded: 10 });
  expect(await versions(test.db)).toEqual(isOf(1));
});

Deno.test("ranges: rows that are found bad in staging are read again, of the same file", async () => {
  for (const changes of [false, true]) {
    await using test = await ledgerDatabase();
    let ends = 0;
    await using server = serveHttp((request) => {
      if (request.headers.range === "bytes=-65536") ends++;
      const isOther = changes && ends > 1;
      return answerFile(
        request,
        isOther ? { body: SECOND, etag: '"v2"' } : {
          body: FIRST,
          etag: '"v1"',
        },
      );
    });
    const text = yaml(
      `${server.origin}/things.parquet`,
      undefined,
      "rules:\n  small: c3 < 159000\nrejects: { limit: 1000 }",
    );
    expect(await load(test.db, text)).toMatchObject({ error: null, rows_rejected: 125 });
    expect(await versions(test.db)).toEqual(isOf(changes ? 2 : 1, 19_875));
    const rejects = await test.db.query<{ raw: string }>(
      "select convert_from(raw, 'UTF8') as raw from sluice.rejected_rows",
    );
    expect(new Set(rejects.map(({ raw }) => JSON.parse(raw).c17 % 8))).toEqual(
      new Set([changes ? 2 : 1]),
    );
  }
});

Deno.test("ranges: a file that was read whole before is unchanged by its etag alone", async () => {
  await using test = await ledgerDatabase();
  let isRanged = false;
  let etag = '"v1"';
  await using server = serveHttp((request) =>
    isRanged ? answerFile(request, { body: FIRST, etag }) : { body: FIRST, headers: { etag } }
  );
  const text = yaml(`${server.origin}/things.parquet`);
  expect(await load(test.db, text)).toMatchObject({ error: null, rows_loaded: 20_000 });
  isRanged = true;
  expect(await load(test.db, text)).toMatchObject({ status: "unchanged" });
  etag = '"v1, touched"';
  // Nothing proves that these are the same bytes: they are loaded.
  expect(await load(test.db, text)).toMatchObject({ status: "succeeded", rows_loaded: 20_000 });
  expect((await test.db.query<{ sha256: string }>(LIVE))[0].sha256).toMatch(/^ranges:/);
  expect(await load(test.db, text)).toMatchObject({ status: "unchanged" });
});

Deno.test("ranges: a plan says so where they may be, and an approved digest is one of all bytes", async () => {
  await using test = await ledgerDatabase();
  await using server = serveHttp((request) =>
    answerFile(request, {
      body: FIRST,
      // Of one of them nothing but its bytes proves that it is the approved one.
      etag: request.path.endsWith("weak") ? 'W/"v1"' : '"v1"',
    })
  );
  const context = contextOf(test.db);
  const text = yaml("").replace(
    'url: ""',
    `url: ${JSON.stringify(["strong", "weak"].map((name) => `${server.origin}/${name}`))}`,
  );
  const planned = (yaml: string) => sourcePlan(specOf(yaml, "/"), null).byRanges;
  expect(planned(text)).toBe(true);
  for (
    const other of [
      text.replace("format: parquet", "format: csv"),
      text.replace("retries: 2", "retries: 2, compression: gzip"),
      text.replace("retries: 2", `retries: 2, checksum: ${sha256(FIRST)}`),
      text.replace("new_columns: discard_value", "new_columns: discard_row"),
      yaml("/things.parquet"),
      yaml("sftp://u@h/things.parquet"),
    ]
  ) {
    expect(planned(other)).toBe(undefined);
  }
  const spec = specOf(text, "/");
  const approved = JSON.parse(JSON.stringify(
    await forApproval(await planPipeline(spec, ALL, context), context),
  ));
  const result = await runPipeline(spec, { ...ALL, approved }, context);
  expect(result).toMatchObject({ error: null, rows_loaded: 40_000 });
  expect((await test.db.query<{ sha256: string }>(LIVE))[0].sha256).toMatch(/^[0-9a-f]{64}$/);
});

Deno.test("ranges: stores have them, each request signed", async () => {
  await using test = await ledgerDatabase();
  const s3 = await startS3();
  if (typeof s3 === "string") throw new Error(s3);
  await using _ = s3;
  await s3.put("things.parquet", FIRST);
  const endpoint = `http://127.0.0.1:${s3.port}`;
  await using azure = startAzure();
  azure.put("things.parquet", FIRST);
  const stores: readonly (readonly [string, Record<string, string>])[] = [
    [`s3://${s3.bucket}/things.parquet`, {
      AWS_ACCESS_KEY_ID: s3.id,
      AWS_SECRET_ACCESS_KEY: s3.secret,
      AWS_ENDPOINT_URL_S3: endpoint,
    }],
    [`gs://${s3.bucket}/things.parquet`, {
      GS_ACCESS_KEY_ID: s3.id,
      GS_SECRET_ACCESS_KEY: s3.secret,
      STORAGE_EMULATOR_HOST: endpoint,
    }],
    ["az://trips/things.parquet", {
      AZURE_STORAGE_CONNECTION_STRING: `AccountName=${azure.account};AccountKey=${azure.key};` +
        `BlobEndpoint=${azure.origin}/`,
    }],
  ];
  for (const [url, variables] of stores) {
    const result = await load(test.db, yaml(url), variables);
    expect(result).toMatchObject({ error: null, rows_loaded: 20_000 });
    expect(await versions(test.db)).toEqual(isOf(1));
    const [live] = await test.db.query<{ sha256: string }>(LIVE);
    expect(live.sha256).toMatch(/^ranges:/);
    expect(await load(test.db, yaml(url), variables)).toMatchObject({ status: "unchanged" });
  }
});
