import { expect } from "packages/expect.ts";
import { Buffer } from "node:buffer";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import type { SluiceError } from "../../src/core/error.ts";
import { openSource } from "../../src/source/open.ts";
import { probeSource } from "../../src/source/probe.ts";
import { networkError } from "../../src/source/transports/http_request.ts";
import { type Answer, answerFile, type ServedFile, serveHttp } from "../support/http_server.ts";
import {
  bytesOf,
  chunksOf,
  failure,
  fetchAll,
  planFor,
  randomFrom,
  readAll,
  sha256,
  type TestContext,
  testContext,
  testSeed,
} from "./support.ts";

const TEXT = bytesOf(
  "a,b\n" + Array.from({ length: 60_000 }, (_, i) => `${i},${i * 7919 % 10007}\n`).join(""),
);
const FILE: ServedFile = {
  body: TEXT,
  etag: '"v1"',
  lastModified: "Fri, 01 Jan 2021 00:00:00 GMT",
};
const equal = (a: Uint8Array, b: Uint8Array) => a.length === b.length && Buffer.compare(a, b) === 0;
const DATED: ServedFile = { body: TEXT, lastModified: "Fri, 01 Jan 2021 00:00:00 GMT" };

Deno.test("openSource reads a file over HTTP, with its facts", async () => {
  await using server = serveHttp((request) => answerFile(request, FILE));
  const url = `${server.origin}/trips.csv`;
  await using source = await openSource(planFor(url), testContext());
  expect(source.facts).toEqual({
    url,
    etag: '"v1"',
    lastModified: "2021-01-01T00:00:00Z",
    bytes: TEXT.length,
    sha256: null,
  });
  expect(await readAll(source)).toEqual(TEXT);
  expect(source.bytesRead()).toBe(TEXT.length);
  expect(source.sha256()).toBe(await sha256(TEXT));
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0].headers["accept-encoding"]).toBe("identity");
});

Deno.test("openSource goes on where a download broke, to identical bytes", async () => {
  const random = randomFrom(testSeed("http_test resume"));
  for (const file of [FILE, DATED, { ...FILE, body: new Uint8Array(gzipSync(TEXT)) }]) {
    for (let round = 0; round < 6; round++) {
      const breaks = 1 + Math.floor(random() * 6);
      await using server = serveHttp((request, index) => {
        const answer = answerFile(request, file);
        if (index >= breaks) return answer;
        return { ...answer, cutAfter: 1 + Math.floor(random() * (answer.body!.length / 2)) };
      });
      const context = testContext();
      const result = await fetchAll(planFor(`${server.origin}/x`, { retries: 1 }), context);
      expect(result.bytes).toEqual(TEXT);
      expect(result.sha256).toBe(await sha256(file.body.slice()));
      expect(result.read).toBe(file.body.length);
      expect(server.requests).toHaveLength(breaks + 1);
      for (const { headers } of server.requests.slice(1)) {
        expect(headers.range).toMatch(/^bytes=[1-9]\d*-$/);
        expect(headers["if-range"]).toBe(file.etag ?? file.lastModified);
      }
      // A byte of progress makes the count start again.
      expect(context.retries.map(({ attempt }) => attempt)).toEqual(Array(breaks).fill(1));
    }
  }
});

Deno.test("openSource starts over by itself where nothing was read yet", async () => {
  await using server = serveHttp((request, index) => {
    if (index === 0) return { status: 503 };
    if (index === 1) return { ...answerFile(request, FILE), cutAfter: 0 };
    return answerFile(request, { ...FILE, etag: '"v2"' });
  });
  const context = testContext();
  await using source = await openSource(planFor(`${server.origin}/x`), context);
  expect(await readAll(source)).toEqual(TEXT);
  expect(source.facts.etag).toBe('"v2"');
  expect(server.requests.map(({ headers }) => headers.range)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(context.retries.map(({ error }) => error.code)).toEqual([
    "source/unavailable",
    "source/unreachable",
  ]);
});

Deno.test("openSource asks for a restart where the server cannot go on", async () => {
  const servers: Record<string, (request: Parameters<typeof answerFile>[0]) => Answer> = {
    "ignores Range": (request) => answerFile({ ...request, headers: {} }, FILE),
    "no validator": (request) => answerFile(request, { body: TEXT }),
    "weak etag": (request) => answerFile(request, { body: TEXT, etag: 'W/"v1"' }),
    "fresh date": (request) =>
      answerFile(request, {
        ...DATED,
        headers: { date: DATED.lastModified! },
      }),
    "other range": (request) => {
      const answer = answerFile(request, FILE);
      if (answer.status !== 206) return answer;
      const total = TEXT.length;
      return { ...answer, headers: { ...answer.headers, "content-range": `bytes 0-9/${total}` } };
    },
    "other encoding": (request) => {
      const answer = answerFile(request, FILE);
      if (answer.status !== 206) return answer;
      return { ...answer, headers: { ...answer.headers, "content-encoding": "gzip" } };
    },
  };
  for (const [name, answer] of Object.entries(servers)) {
    await using server = serveHttp((request, index) =>
      index === 0 ? { ...answer(request), cutAfter: 300_000 } : answer(request)
    );
    const context = testContext();
    const error = await failure(() => fetchAll(planFor(`${server.origin}/x`), context));
    expect([name, error.code, error.retry]).toEqual([name, "source/restart_needed", "restart"]);
    // Whoever runs the same command again starts from the first byte anyway.
    expect(error.toJSON().retry).toBe("later");
    expect(Number(error.details.bytes_received)).toBeGreaterThan(0);
    expect(context.retries).toHaveLength(1);
  }
});

Deno.test("openSource notices that the file changed between two connections", async () => {
  const longer = bytesOf(new TextDecoder().decode(TEXT) + "1,2\n");
  const changes: ServedFile[] = [
    { ...FILE, etag: '"v2"' },
    { ...FILE, lastModified: "Sat, 02 Jan 2021 00:00:00 GMT" },
    { ...FILE, body: longer },
    { ...FILE, body: TEXT.subarray(0, 1_000) },
  ];
  for (const changed of changes) {
    await using server = serveHttp((request, index) =>
      index === 0
        ? { ...answerFile(request, FILE), cutAfter: 300_000 }
        : answerFile(request, changed)
    );
    const error = await failure(() => fetchAll(planFor(`${server.origin}/x`), testContext()));
    expect(error.toJSON()).toMatchObject({ code: "source/changed_while_reading", retry: "later" });
    expect(server.requests).toHaveLength(2);
  }
});

Deno.test("openSource never splices two files, whatever a server leaves out of its answers", async () => {
  const random = randomFrom(testSeed("http_test splice"));
  const pick = <T>(...choices: T[]) => choices[Math.floor(random() * choices.length)];
  const old: ServedFile = { ...FILE, headers: { date: "Fri, 01 Jan 2021 01:00:00 GMT" } };
  const outcomes: Record<string, number> = {};
  for (let round = 0; round < 150; round++) {
    // Most often as long as the old one: then its length proves nothing.
    const body = TEXT.slice(0, TEXT.length - pick(0, 0, 0, 500, 5)).fill(0x58, 0, 10);
    const now: ServedFile = {
      body,
      etag: '"v2"',
      lastModified: "Sat, 02 Jan 2021 00:00:00 GMT",
    };
    const hidden = pick([], [], ["etag"], ["last-modified"], ["etag", "last-modified"]);
    const hiddenLater = pick([], ["etag"], ["last-modified"], ["etag", "last-modified"]);
    const ignoresIfRange = pick(true, true, false);
    const unknownTotal = pick(true, false);
    const chunked = pick(true, false);
    const cut = pick(TEXT.length, 1 + Math.floor(random() * TEXT.length));
    const changes = pick(1, 2);
    await using server = serveHttp((request, index) => {
      const headers = { ...request.headers };
      if (ignoresIfRange) delete headers["if-range"];
      const answer = answerFile({ ...request, headers }, index < changes ? old : now);
      const sent: Record<string, string> = { ...answer.headers };
      for (const name of [...hidden, ...(index === 0 ? [] : hiddenLater)]) delete sent[name];
      if (unknownTotal && sent["content-range"] !== undefined) {
        sent["content-range"] = sent["content-range"].replace(/\/\d+$/, "/*");
      }
      const rest = answer.body?.length ?? 0;
      const cutAfter = index === 0 ? cut : Math.floor(rest / 2);
      return { ...answer, headers: sent, chunked, ...(index < changes ? { cutAfter } : {}) };
    });
    let outcome: string;
    try {
      const { bytes } = await fetchAll(planFor(`${server.origin}/x`), testContext());
      const read = [old, now].find(({ body }) => equal(body, bytes));
      outcome = read === undefined ? "spliced" : "whole";
    } catch (error) {
      outcome = (error as SluiceError).code;
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    expect([round, outcome]).not.toEqual([round, "spliced"]);
  }
  console.log(outcomes);
  expect(outcomes["source/restart_needed"]).toBeGreaterThan(0);
  expect(outcomes["source/changed_while_reading"]).toBeGreaterThan(0);
});

Deno.test("openSource refuses more bytes than were announced", async () => {
  await using server = serveHttp((request, index) => {
    const answer = answerFile(request, FILE);
    if (index === 0) return { ...answer, cutAfter: 300_000 };
    const body = new Uint8Array(TEXT.length);
    return { ...answer, body, headers: { ...answer.headers, "content-length": `${body.length}` } };
  });
  const error = await failure(() => fetchAll(planFor(`${server.origin}/x`), testContext()));
  expect(error.code).toBe("source/changed_while_reading");
});

Deno.test("openSource notices a body shorter than its Content-Length, and gives up in the end", async () => {
  await using server = serveHttp((request) => {
    const answer = answerFile(request, { ...FILE, body: TEXT.subarray(0, 1_000) });
    // The same thousand bytes and never one more, whatever is asked for.
    if (answer.status === 416) {
      return {
        status: 206,
        headers: {
          etag: '"v1"',
          "content-range": `bytes 1000-1999/2000`,
          "content-length": "1000",
        },
        cutAfter: 0,
      };
    }
    return { ...answer, headers: { ...answer.headers, "content-length": "2000" } };
  });
  const context = testContext();
  const error = await failure(() => fetchAll(planFor(`${server.origin}/x`), context));
  expect(error.retry).toBe("later");
  expect(error.code).toMatch(/^source\/(unreachable|cut_short)$/);
  expect(error.message).toContain("(after 3 retries)");
  expect(context.retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
});

Deno.test("openSource reads a body without a length, and resumes it", async () => {
  await using server = serveHttp((request, index) => {
    const answer = answerFile(request, FILE);
    return index === 0 ? { ...answer, chunked: true, cutAfter: 300_000 } : answer;
  });
  const { bytes } = await fetchAll(planFor(`${server.origin}/x`), testContext());
  expect(bytes).toEqual(TEXT);
  expect(server.requests).toHaveLength(2);
});

Deno.test("openSource takes 416 for the end where exactly all bytes have come", async () => {
  await using server = serveHttp((request, index) => {
    const answer = answerFile(request, FILE);
    return index === 0 ? { ...answer, chunked: true, cutAfter: TEXT.length } : answer;
  });
  const { bytes } = await fetchAll(planFor(`${server.origin}/x`), testContext());
  expect(bytes).toEqual(TEXT);
  expect(server.requests).toHaveLength(2);
});

Deno.test("openSource repeats what may pass, with jittered and growing waits", async () => {
  const statuses = [500, 503, 429, 408, 425, 502];
  await using server = serveHttp((request, index) =>
    index < statuses.length ? { status: statuses[index] } : answerFile(request, FILE)
  );
  const context = testContext();
  const { bytes } = await fetchAll(planFor(`${server.origin}/x`, { retries: 6 }), context);
  expect(bytes).toEqual(TEXT);
  expect(context.sleeps).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000]);
  expect(context.retries[1]).toMatchObject({
    attempt: 2,
    attempts: 6,
    delaySeconds: 0.5,
    error: { code: "source/unavailable", details: { status: 503 } },
  });
});

Deno.test("openSource obeys Retry-After, in seconds and as a date, up to five minutes", async () => {
  const waits = ["7", "Thu, 01 Jan 2026 00:01:30 GMT", "nonsense"];
  await using server = serveHttp((request, index) =>
    index < waits.length
      ? { status: 503, headers: { "retry-after": waits[index] } }
      : answerFile(request, FILE)
  );
  const context = testContext();
  await fetchAll(planFor(`${server.origin}/x`), context);
  expect(context.sleeps).toEqual([7_000, 90_000, 1_000]);

  await using busy = serveHttp(() => ({ status: 429, headers: { "retry-after": "3600" } }));
  const error = await failure(() => openSource(planFor(`${busy.origin}/x`), testContext()));
  expect(error.toJSON()).toMatchObject({
    code: "source/unavailable",
    retry: "later",
    details: { status: 429, retry_after_seconds: 3600 },
  });
  expect(busy.requests).toHaveLength(1);
});

Deno.test("openSource does not repeat what will not pass, and says what to do", async () => {
  const codes: Record<number, string> = {
    400: "source/http_status",
    401: "source/forbidden",
    403: "source/forbidden",
    404: "source/not_found",
    410: "source/not_found",
    204: "source/http_status",
  };
  for (const [status, code] of Object.entries(codes)) {
    await using server = serveHttp(() => ({ status: Number(status) }));
    const url = `${server.origin}/x.csv`;
    const error = await failure(() => openSource(planFor(url), testContext()));
    expect(error.toJSON()).toMatchObject({ code, retry: "never", details: { status: +status } });
    expect(error.message).toContain(`"${url}" answered ${status}`);
    if (code === "source/forbidden") expect(error.hint).toContain("headers");
    expect(server.requests).toHaveLength(1);
  }
});

Deno.test("openSource gives up where nobody listens, and can be run again later", async () => {
  const server = serveHttp(() => ({}));
  await server[Symbol.asyncDispose]();
  const context = testContext();
  const error = await failure(() =>
    openSource(planFor(`${server.origin}/x`, { retries: 2 }), context)
  );
  expect(error.toJSON()).toMatchObject({ code: "source/unreachable", retry: "later" });
  expect(error.message).toContain("(after 2 retries)");
  expect(context.retries).toHaveLength(2);
  const once = await failure(() =>
    openSource(planFor(server.origin, { retries: 0 }), testContext())
  );
  expect(once.message).not.toContain("retries");
});

Deno.test("openSource waits no longer than its timeout, for the answer and for each chunk", async () => {
  // A busy machine may be late with any answer: each server falls silent until that was seen.
  const plan = (origin: string) => planFor(`${origin}/x`, { timeoutSeconds: 0.2, retries: 100 });
  const told = ({ retries }: TestContext) => retries.map(({ error }) => error.message);
  const context = testContext();
  await using silent = serveHttp((request) =>
    context.retries.length === 0 ? { stallAfter: -1 } : answerFile(request, FILE)
  );
  expect((await fetchAll(plan(silent.origin), context)).bytes).toEqual(TEXT);
  expect(told(context)[0]).toBe(`"${silent.origin}/x" did not answer: no answer for 0.2 s`);

  const stalled = testContext();
  const seen = () =>
    told(stalled).includes(`"${stalling.origin}/x" did not answer: no data for 0.2 s`);
  await using stalling = serveHttp((request) => {
    const answer = answerFile(request, FILE);
    return seen() ? answer : { ...answer, stallAfter: 300_000 };
  });
  expect((await fetchAll(plan(stalling.origin), stalled)).bytes).toEqual(TEXT);
  expect(seen()).toBe(true);
  expect(stalled.retries.every(({ error }) => error.code === "source/timeout")).toBe(true);
  expect(stalling.requests.at(-1)!.headers.range).toBeDefined();
});

Deno.test("openSource follows redirects and sends headers to no other origin", async () => {
  await using other = serveHttp((request) => answerFile(request, FILE));
  await using server = serveHttp((request) => {
    if (request.path === "/start") return { status: 301, headers: { location: "/next?x=1" } };
    if (request.path === "/next?x=1") {
      return { status: 307, headers: { location: `${other.origin}/file` } };
    }
    return { status: 400 };
  });
  const headers = {
    Authorization: "Bearer ${TOKEN}",
    Cookie: "session=1",
    "X-Api-Key": "${TOKEN}",
    "X-Plain": "1",
    Accept: "text/csv",
    "User-Agent": "agent ${TOKEN}",
  };
  const plan = planFor(`${server.origin}/start`, { headers });
  await using source = await openSource(plan, testContext({ TOKEN: "s3cret" }));
  expect(await readAll(source)).toEqual(TEXT);
  expect(source.facts.url).toBe(`${server.origin}/start`);
  for (const request of server.requests) {
    expect(request.headers).toMatchObject({
      authorization: "Bearer s3cret",
      "x-api-key": "s3cret",
    });
  }
  const received = other.requests[0].headers;
  expect(received).toMatchObject({ accept: "text/csv", "accept-encoding": "identity" });
  expect(JSON.stringify(received)).not.toContain("s3cret");
  for (const name of ["authorization", "cookie", "x-api-key", "x-plain"]) {
    expect(received[name]).toBeUndefined();
  }
});

Deno.test("openSource resumes through a redirect", async () => {
  await using other = serveHttp((request, index) => {
    const answer = answerFile(request, FILE);
    return index === 0 ? { ...answer, cutAfter: 300_000 } : answer;
  });
  await using server = serveHttp(() => ({
    status: 302,
    headers: { location: `${other.origin}/file` },
  }));
  const plan = planFor(`${server.origin}/x`, { headers: { "X-Key": "1" } });
  expect((await fetchAll(plan, testContext())).bytes).toEqual(TEXT);
  expect(server.requests).toHaveLength(2);
  expect(other.requests[1].headers["if-range"]).toBe('"v1"');
});

Deno.test("openSource refuses redirects in a circle and to nowhere", async () => {
  await using circle = serveHttp(() => ({ status: 302, headers: { location: "/again" } }));
  const error = await failure(() => openSource(planFor(`${circle.origin}/x`), testContext()));
  expect(error.code).toBe("source/too_many_redirects");
  for (const location of ["file:///etc/passwd", "http://[bad", undefined]) {
    await using server = serveHttp(() => ({
      status: 302,
      headers: location === undefined ? {} : { location },
    }));
    const failed = await failure(() => openSource(planFor(`${server.origin}/x`), testContext()));
    expect(failed.code).toBe("source/bad_redirect");
  }
});

Deno.test("openSource sends a URL's user and password as a header", async () => {
  await using server = serveHttp((request) => answerFile(request, FILE));
  const url = server.origin.replace("//", "//me%40home:${PASSWORD}@");
  await using source = await openSource(planFor(url), testContext({ PASSWORD: "pässword" }));
  await readAll(source);
  const pair = Uint8Array.from(bytesOf("me@home:pässword"));
  expect(server.requests[0].headers.authorization).toBe(`Basic ${pair.toBase64()}`);
  expect(source.facts.url).toBe(server.origin.replace("//", "//me%40home:***@"));
});

Deno.test("openSource shows no secret in any error, retry or fact", async () => {
  const token = "to/ken+with space";
  const environment = { TOKEN: token };
  const answers: Answer[] = [
    { status: 403 },
    { status: 404 },
    { status: 503 },
    { status: 302, headers: { location: `http://127.0.0.1:1/?t=${encodeURIComponent(token)}` } },
    { cutAfter: 0, headers: { "content-length": "5" } },
    { stallAfter: -1 },
  ];
  for (const answer of answers) {
    await using server = serveHttp(() => answer);
    const context = testContext(environment);
    const plan = planFor(`${server.origin}/x?token=\${TOKEN}`, {
      headers: { Authorization: "Bearer ${TOKEN}" },
      retries: 1,
      timeoutSeconds: 0.1,
    });
    const error = await failure(() => fetchAll(plan, context));
    const shown = JSON.stringify([error.toJSON(), error.stack, error.cause, context.retries]);
    for (const secret of [token, encodeURIComponent(token), "space"]) {
      expect(shown).not.toContain(secret);
    }
    expect(shown).toContain("${TOKEN}");
  }
  const server = serveHttp(() => ({}));
  await server[Symbol.asyncDispose]();
  const plan = planFor(`${server.origin}/x?token=\${TOKEN}`, { retries: 0 });
  const error = await failure(() => openSource(plan, testContext(environment)));
  expect(error.code).toBe("source/unreachable");
  expect(JSON.stringify([error.toJSON(), error.stack])).not.toContain("space");
});

Deno.test("openSource names a header that cannot be sent, not its value", async () => {
  const plan = planFor("http://127.0.0.1:54321/x", { headers: { "X-Key": "${TOKEN}" } });
  const error = await failure(() => openSource(plan, testContext({ TOKEN: "s3\ncret" })));
  expect(error.toJSON()).toMatchObject({
    code: "source/bad_header",
    message: 'The header "X-Key" cannot be sent',
  });
  const blocked = await failure(() => openSource(planFor("http://127.0.0.1:1/x"), testContext()));
  expect(blocked.toJSON()).toMatchObject({ code: "source/bad_request", retry: "never" });
  const invalid = await failure(() => openSource(planFor("http://"), testContext()));
  expect(invalid.code).toBe("source/bad_url");
});

Deno.test("networkError tells a certificate that is not trusted, which no retry cures", () => {
  const text = "error sending request for url (https://host/?t=s3cret): client error (Connect): " +
    "invalid peer certificate: UnknownIssuer";
  const error = networkError(new TypeError("fetch failed", { cause: new Error(text) }), {
    connection: new AbortController(),
    location: { href: "", shown: "https://host/?t=${T}", headers: {}, secretHeaders: [] },
  }, testContext()) as SluiceError;
  expect(error.toJSON()).toMatchObject({
    code: "source/tls",
    retry: "never",
    message: 'No trusted connection to "https://host/?t=${T}": error sending request: ' +
      "client error (Connect): invalid peer certificate: UnknownIssuer",
  });
});

Deno.test("openSource reads what a server compresses unasked, and resumes it", async () => {
  const body = new Uint8Array(gzipSync(TEXT));
  const file = { ...FILE, body, headers: { "content-encoding": "gzip" } };
  for (const compression of ["auto", "none", "gzip"] as const) {
    await using server = serveHttp((request, index) => {
      const answer = answerFile(request, file);
      return index === 0 ? { ...answer, cutAfter: body.length >> 1 } : answer;
    });
    const result = await fetchAll(planFor(`${server.origin}/x`, { compression }), testContext());
    expect(result.bytes).toEqual(TEXT);
    expect(result.sha256).toBe(await sha256(body));
    expect(server.requests).toHaveLength(2);
  }
});

Deno.test("openSource leaves nothing open when it is left early or stopped, in any phase", async () => {
  const stalls: Answer[] = [
    { stallAfter: -1 },
    { ...answerFile({ method: "GET", path: "/", headers: {} }, FILE), stallAfter: 0 },
    { ...answerFile({ method: "GET", path: "/", headers: {} }, FILE), stallAfter: 400_000 },
    { status: 503 },
  ];
  for (const stall of stalls) {
    await using server = serveHttp(() => stall);
    const controller = new AbortController();
    const slow = { now: () => new Date(0), monotonic: () => 0, sleep: untilAborted };
    const context = testContext({}, { signal: controller.signal, clock: slow });
    setTimeout(() => controller.abort(new Error("stop")), 50);
    await expect(fetchAll(planFor(`${server.origin}/x`), context)).rejects.toThrow("stop");
  }
  await using server = serveHttp((request, index) => {
    const answer = answerFile(request, FILE);
    return index === 2 ? { ...answer, stallAfter: 300_000 } : answer;
  });
  {
    await using _source = await openSource(planFor(`${server.origin}/x`), testContext());
  }
  {
    await using source = await openSource(planFor(`${server.origin}/x`), testContext());
    for await (const _ of chunksOf(source)) break;
  }
  // Left while the next chunk is awaited: must not take as long as the server does.
  await using source = await openSource(planFor(`${server.origin}/x`), testContext());
  for await (const _ of chunksOf(source)) break;
});

Deno.test("probeSource tells the facts without the body", async () => {
  await using server = serveHttp((request) => answerFile(request, FILE));
  const url = `${server.origin}/x`;
  expect(await probeSource(planFor(url), testContext(), null)).toEqual({
    url,
    etag: '"v1"',
    lastModified: "2021-01-01T00:00:00Z",
    bytes: TEXT.length,
    sha256: null,
  });
  expect(server.requests.map(({ method }) => method)).toEqual(["HEAD"]);
});

Deno.test("probeSource asks with GET where HEAD is refused", async () => {
  for (const status of [403, 405, 501]) {
    await using server = serveHttp((request) =>
      request.method === "HEAD" ? { status } : answerFile(request, FILE)
    );
    const facts = await probeSource(planFor(`${server.origin}/x`), testContext(), null);
    expect(facts).toMatchObject({ etag: '"v1"', bytes: TEXT.length });
    expect(server.requests.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  }
});

Deno.test("probeSource tells a missing file, and repeats what may pass", async () => {
  await using missing = serveHttp(() => ({ status: 404 }));
  expect(await probeSource(planFor(`${missing.origin}/x`), testContext(), null)).toBeNull();
  await using server = serveHttp((request, index) =>
    index === 0 ? { status: 503 } : answerFile(request, FILE)
  );
  const context = testContext();
  expect(await probeSource(planFor(`${server.origin}/x`), context, null)).not.toBeNull();
  expect(context.retries).toHaveLength(1);
  await using forbidden = serveHttp(() => ({ status: 403 }));
  const error = await failure(() =>
    probeSource(planFor(`${forbidden.origin}/x`), testContext(), null)
  );
  expect(error.code).toBe("source/forbidden");
});

Deno.test("probeSource stops with the signal's reason", async () => {
  const controller = new AbortController();
  await using server = serveHttp(() => {
    controller.abort(new Error("stop"));
    return { stallAfter: -1 };
  });
  const context = testContext({}, { signal: controller.signal });
  await expect(probeSource(planFor(`${server.origin}/x`), context, null)).rejects.toThrow("stop");
});

/** Sleeps until the signal aborts. */
function untilAborted(_milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal!.addEventListener("abort", () => reject(signal!.reason), { once: true });
  });
}

Deno.test("a server that falls silent holds nobody, whatever the collector of garbage took meanwhile", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const file = { body: TEXT, etag: '"v1"', lastModified: "Fri, 01 Jan 2021 00:00:00 GMT" };
  for (const ends of ["timeout", "abort"]) {
    await using server = serveHttp((request) => ({
      ...answerFile(request, file),
      stallAfter: 400_000,
    }));
    const run = new AbortController();
    const context = { ...testContext(), signal: run.signal };
    const timeoutSeconds = ends === "timeout" ? 0.5 : 600;
    await using source = await openSource(
      planFor(`${server.origin}/x.csv`, { timeoutSeconds, retries: 0 }),
      context,
    );
    for await (const { chunks } of source.files) {
      const reading = chunks[Symbol.asyncIterator]();
      await reading.next();
      const next = reading.next();
      collect();
      if (ends === "abort") run.abort(new Error("the run ended"));
      await expect((async () => {
        for (let read = await next; !read.done; read = await reading.next());
      })()).rejects.toThrow(ends === "abort" ? "the run ended" : "no data for 0.5 s");
      break;
    }
  }
});
