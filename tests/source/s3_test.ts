import { expect } from "packages/expect.ts";
import { createHash, createHmac } from "node:crypto";
import { openSource } from "../../src/source/open.ts";
import { probeSource } from "../../src/source/probe.ts";
import { answerFile, type ServedRequest, serveHttp } from "../support/http_server.ts";
import { specOf, testContext as runContext, workspace } from "../support/pipeline.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { startS3 } from "./conformance/s3_server.ts";
import { bytesOf, failure, fetchAll, planFor, testContext } from "./support.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KEYS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: SECRET };

/** The signature that AWS's own description of version 4 asks for; nothing of the signer's. */
function signatureOf(request: ServedRequest, secret: string, region: string): string {
  const hmac = (key: string | Uint8Array, text: string) =>
    createHmac("sha256", key).update(text).digest();
  const [path, query = ""] = request.path.split("?");
  const signed = /SignedHeaders=([^,]+)/.exec(request.headers.authorization)![1];
  const canonical = [
    request.method,
    path,
    query.split("&").sort().join("&"),
    ...signed.split(";").map((name) => `${name}:${request.headers[name]}`),
    "",
    signed,
    request.headers["x-amz-content-sha256"],
  ].join("\n");
  const time = request.headers["x-amz-date"];
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const digest = createHash("sha256").update(canonical).digest("hex");
  const text = ["AWS4-HMAC-SHA256", time, scope, digest].join("\n");
  const key = scope.split("/").reduce<string | Uint8Array>(hmac, `AWS4${secret}`);
  return createHmac("sha256", key).update(text).digest("hex");
}

function signatureIn({ headers }: ServedRequest): string {
  return /Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? "")![1];
}

Deno.test("s3: each request is signed as AWS describes it, whatever the key is", async () => {
  await using server = serveHttp((request) =>
    answerFile(request, { body: bytesOf("id\n1\n"), etag: '"v1"' })
  );
  const environment = {
    ...KEYS,
    AWS_SESSION_TOKEN: "a/token+of=many==",
    AWS_REGION: "eu-west-3",
    AWS_ENDPOINT_URL_S3: `${server.origin}/base/`,
  };
  const keys = ["a.csv", "a b/ü+1.csv", "x=1&y=2/#?%20.csv", "(a)!'*~.csv", "日本.csv", "a//b.csv"];
  for (const key of keys.filter((each) => !/[*?]/.test(each))) {
    const context = testContext(environment);
    await fetchAll(planFor(`s3://trips/${key}`), context);
    await probeSource(planFor(`s3://trips/${key}`), context, null);
  }
  expect(server.requests.length).toBeGreaterThan(7);
  for (const request of server.requests) {
    expect(request.path).toMatch(/^\/base\/trips\/[A-Za-z0-9%.~_/-]+$/);
    expect(request.headers["x-amz-security-token"]).toBe("a/token+of=many==");
    expect(request.headers.authorization).toContain("Credential=AKIDEXAMPLE/");
    expect(signatureIn(request)).toBe(signatureOf(request, SECRET, "eu-west-3"));
  }
});

Deno.test("s3: a listing is signed, read page by page, and opened object by object", async () => {
  const all = Array.from({ length: 25 }, (_, at) => `2021/part-${at}&<ü>.csv`);
  const objects = ["2021/other.txt", "2021/sub/part-1.csv", "2021/folder/", ...all];
  const xml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  await using server = serveHttp((request) => {
    const query = new URLSearchParams(request.path.split("?")[1] ?? "");
    if (!query.has("list-type")) {
      return answerFile(request, { body: bytesOf("id\n1\n"), etag: '"v1"' });
    }
    const from = Number(query.get("continuation-token")?.slice(5) ?? 0);
    const page = objects.slice(from, from + 10);
    const isCut = from + 10 < objects.length;
    return {
      body: bytesOf(
        `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isCut}</IsTruncated>` +
          page.map((key) =>
            `<Contents><Key>${xml(key)}</Key><ETag>&quot;v1&quot;</ETag><Size>5</Size></Contents>`
          ).join("") +
          (isCut ? `<NextContinuationToken>t/+= ${from + 10}</NextContinuationToken>` : "") +
          "</ListBucketResult>",
      ),
    };
  });
  const context = testContext({ ...KEYS, AWS_ENDPOINT_URL: server.origin });
  const plan = planFor("s3://trips/2021/part-*.csv");
  await using source = await openSource(plan, context);
  const urls: string[] = [];
  for await (const file of source.files) {
    urls.push(file.url);
    for await (const _ of file.chunks);
  }
  expect(urls).toEqual(all.map((key) => `s3://trips/${key}`).sort());
  expect(source.facts).toMatchObject({ url: plan.url, bytes: 125 });
  expect((await probeSource(plan, context, null))?.etag).toBe(source.facts.etag);
  const [first, second] = server.requests;
  expect(first.path).toBe("/trips/?list-type=2&prefix=2021%2F");
  expect(second.path).toContain("continuation-token=t%2F%2B%3D%2010");
  for (const request of server.requests) {
    expect(signatureIn(request)).toBe(signatureOf(request, SECRET, "us-east-1"));
  }
});

Deno.test("s3: who asks, where and how follows the operator's variables and profiles", async () => {
  using files = workspace({
    "config": `[default]\nregion = us-west-2\n[profile work]\nregion=eu-north-1\n`,
    "credentials": `[default]\naws_access_key_id = D\naws_secret_access_key = d\n\n[work]\n` +
      `aws_access_key_id=W\r\naws_secret_access_key=w\r\naws_session_token = t\n`,
  });
  const profiles = {
    AWS_CONFIG_FILE: `${files.folder}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${files.folder}/credentials`,
  };
  const cases: (readonly [Record<string, string>, string | null, string])[] = [
    [{ ...KEYS, AWS_DEFAULT_REGION: "eu-west-1" }, "AKIDEXAMPLE/", "/eu-west-1/s3/"],
    [{ ...KEYS, ...profiles }, "AKIDEXAMPLE/", "/us-east-1/s3/"],
    [profiles, "=D/", "/us-west-2/s3/"],
    [{ ...profiles, AWS_PROFILE: "work" }, "=W/", "/eu-north-1/s3/"],
    [{}, null, ""],
  ];
  for (const [environment, id, region] of cases) {
    await using server = serveHttp((request) => answerFile(request, { body: bytesOf("id\n") }));
    const endpoint = { AWS_ENDPOINT_URL_S3: server.origin };
    await fetchAll(planFor("s3://trips/a.csv"), testContext({ ...environment, ...endpoint }));
    const { authorization } = server.requests[0].headers;
    if (id === null) expect(authorization).toBe(undefined);
    else expect([authorization.includes(id), authorization.includes(region)]).toEqual([true, true]);
  }
  const none = await failure(() =>
    fetchAll(planFor("s3://b/k"), testContext({ ...profiles, AWS_PROFILE: "home" }))
  );
  expect(none.code).toBe("source/bad_profile");
});

Deno.test("s3: what a store refuses is told with what to set", async () => {
  const answers = [
    [301, { "x-amz-bucket-region": "eu-central-1" }, "source/wrong_region", "eu-central-1"],
    [400, { "x-amz-bucket-region": "eu-central-1" }, "source/wrong_region", "eu-central-1"],
    [403, {}, "source/forbidden", "AWS_ACCESS_KEY_ID"],
    [404, {}, "source/not_found", ""],
    [503, {}, "source/unavailable", ""],
  ] as const;
  for (const [status, headers, code, part] of answers) {
    await using server = serveHttp(() => ({ status, headers }));
    const environment = { ...KEYS, AWS_ENDPOINT_URL_S3: server.origin };
    for (const url of ["s3://b/a.csv", "s3://b/*.csv"]) {
      const error = await failure(() =>
        fetchAll(planFor(url, { retries: 0 }), testContext(environment))
      );
      expect([url, error.code]).toEqual([url, code]);
      expect(error.hint).toContain(part);
      expect(JSON.stringify(error.toJSON())).not.toContain(SECRET);
    }
  }
  for (const url of ["s3://bucket", "s3://bucket/", "s3:///key"]) {
    const error = await failure(() => fetchAll(planFor(url), testContext(KEYS)));
    expect(error.code).toBe("source/bad_url");
  }
});

Deno.test("s3: a redirect to another origin gets no signature and no token", async () => {
  await using other = serveHttp((request) => answerFile(request, { body: bytesOf("id\n") }));
  await using server = serveHttp(() => ({
    status: 307,
    headers: { location: `${other.origin}/a.csv` },
  }));
  const environment = { ...KEYS, AWS_SESSION_TOKEN: "t", AWS_ENDPOINT_URL_S3: server.origin };
  await fetchAll(planFor("s3://b/a.csv"), testContext(environment));
  expect(Object.keys(other.requests[0].headers).filter((name) => /amz|authorization/.test(name)))
    .toEqual([]);
});

Deno.test("s3: a month of objects in a real store is one load, and known again", async () => {
  const store = await startS3();
  if (typeof store === "string") return console.log(`skipped: ${store}`);
  await using _store = store;
  await store.put("in/2021-01/a b.csv", bytesOf("id,name\n1,a\nx,b\n"));
  await store.put("in/2021-01/ü.csv", bytesOf("name,id\nc,3\n"));
  await store.put("in/2021-02/a.csv", bytesOf("id,name\n4,d\n"));
  await using test = await ledgerDatabase();
  const spec = specOf(
    `
pipeline: objects
partitions: { by: month, from: 2021-01, to: 2021-03, missing: pending }
source: { url: "s3://${store.bucket}/in/{month}/*.csv" }
target: { table: shop.objects, lineage: true }
columns: { id: integer, name: text }
rejects: { limit: 10 }
`,
    "/",
  );
  const { context } = runContext(test.db);
  const secrets = secretsFrom({
    AWS_ACCESS_KEY_ID: store.id,
    AWS_SECRET_ACCESS_KEY: store.secret,
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${store.port}`,
  });
  const load = () =>
    runPipeline(
      spec,
      { partitions: [], force: false, allowDestructive: false },
      { ...context, secrets },
    );
  const result = await load();
  expect(
    result.partitions.map(({ status, rows_loaded, files }) => [status, rows_loaded, files?.length]),
  )
    .toEqual([["published", 2, 2], ["published", 1, 1], ["pending", 0, undefined]]);
  expect(await test.db.query("select id, _source_file from shop.objects order by id")).toEqual([
    { id: 1, _source_file: "s3://trips/in/2021-01/a b.csv" },
    { id: 3, _source_file: "s3://trips/in/2021-01/ü.csv" },
    { id: 4, _source_file: "s3://trips/in/2021-02/a.csv" },
  ]);
  const again = await load();
  expect(again.partitions.map(({ status }) => status)).toEqual([
    "unchanged",
    "unchanged",
    "pending",
  ]);
  await store.put("in/2021-02/a.csv", bytesOf("id,name\n5,e\n"));
  const changed = await load();
  expect(changed.partitions.map(({ status }) => status)).toEqual([
    "unchanged",
    "published",
    "pending",
  ]);
});
