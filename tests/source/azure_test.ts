import { expect } from "packages/expect.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { openSource } from "../../src/source/open.ts";
import { probeSource } from "../../src/source/probe.ts";
import { answerFile, serveHttp } from "../support/http_server.ts";
import { specOf, testContext as runContext } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { startAzure } from "./conformance/azure_server.ts";
import { bytesOf, failure, fetchAll, planFor, testContext } from "./support.ts";

/** Keys that a path cannot hold as they are; the server checks the signature over each. */
const KEYS = ["a.csv", "a b/ü+1.csv", "x=1&y=2/#%20.csv", "(a)!'~.csv", "日本.csv", "a//b.csv"];

Deno.test("az: each request is signed as Azure describes it, by key or by SAS", async () => {
  await using store = startAzure();
  for (const key of KEYS) store.put(key, bytesOf("id\n1\n"));
  const blob = `BlobEndpoint=${store.origin}`;
  const { account, key, sas } = store;
  const environments = [
    { AZURE_STORAGE_CONNECTION_STRING: `AccountName=${account};AccountKey=${key};${blob}` },
    { AZURE_STORAGE_CONNECTION_STRING: `${blob};SharedAccessSignature=${sas}` },
    { AZURE_STORAGE_CONNECTION_STRING: blob, AZURE_STORAGE_SAS_TOKEN: `?${sas}` },
    {
      AZURE_STORAGE_CONNECTION_STRING: blob,
      AZURE_STORAGE_ACCOUNT: account,
      AZURE_STORAGE_KEY: key,
      // Not asked where there is a key.
      AZURE_STORAGE_SAS_TOKEN: "sig=wrong",
    },
  ];
  for (const environment of environments) {
    const context = testContext(environment);
    for (const name of KEYS) {
      expect((await fetchAll(planFor(`az://trips/${name}`), context)).bytes.length).toBe(5);
      const facts = await probeSource(planFor(`azure://trips/${name}`), context, null);
      expect(facts?.bytes).toBe(5);
    }
  }
  expect(store.requests.every(({ headers }) => headers["x-ms-version"] !== undefined)).toBe(true);
});

Deno.test("az: a listing is read page by page, and opened blob by blob", async () => {
  await using store = startAzure();
  const all = Array.from({ length: 25 }, (_, at) => `2021/part-${at}&<ü>.csv`);
  for (const name of ["2021/other.txt", "2021/sub/part-1.csv", "2021/part-/", ...all]) {
    store.put(name, bytesOf("id\n1\n"));
  }
  const context = testContext({
    AZURE_STORAGE_CONNECTION_STRING:
      `AccountName=${store.account};AccountKey=${store.key};BlobEndpoint=${store.origin}`,
  });
  const plan = planFor("az://trips/2021/part-*.csv");
  await using source = await openSource(plan, context);
  const urls: string[] = [];
  for await (const file of source.files) {
    urls.push(file.url);
    for await (const _ of file.chunks);
  }
  expect(urls).toEqual(all.map((key) => `az://trips/${key}`).sort());
  expect(source.facts).toMatchObject({ url: plan.url, bytes: 125 });
  expect((await probeSource(plan, context, null))?.etag).toBe(source.facts.etag);
  expect(store.requests.filter(({ path }) => path.includes("comp=list")).length).toBe(6);
});

Deno.test("az: which account is asked follows the operator's variables", async () => {
  const cases: (readonly [Record<string, string>, string, string])[] = [
    [{}, "source/bad_azure_settings", "AZURE_STORAGE_ACCOUNT"],
    [{ AZURE_STORAGE_CONNECTION_STRING: "AccountKey=aa" }, "source/bad_azure_settings", "ACCOUNT"],
    [
      { AZURE_STORAGE_CONNECTION_STRING: "BlobEndpoint=ftp://x" },
      "source/bad_azure_settings",
      "BlobEndpoint",
    ],
    [
      { AZURE_STORAGE_ACCOUNT: "a", AZURE_STORAGE_KEY: "no key!" },
      "source/bad_azure_settings",
      "portal",
    ],
    // One letter of a base64 text was lost.
    [
      { AZURE_STORAGE_ACCOUNT: "a", AZURE_STORAGE_KEY: "abcde" },
      "source/bad_azure_settings",
      "portal",
    ],
  ];
  for (const [environment, code, hint] of cases) {
    const error = await failure(() => fetchAll(planFor("az://c/b.csv"), testContext(environment)));
    expect([error.code, error.hint]).toEqual([code, expect.stringContaining(hint)]);
    expect(JSON.stringify(error.toJSON())).not.toMatch(/no key!|abcde/);
  }
  for (const url of ["az://container", "az://container/", "az:///key"]) {
    const error = await failure(() => fetchAll(planFor(url), testContext({})));
    expect(error).toMatchObject({ code: "source/bad_url", hint: expect.stringContaining("az://") });
  }
});

Deno.test("az: what a store refuses is told with what to set, and a hidden blob is not missing", async () => {
  const denied = { "x-ms-error-code": "ResourceNotFound" };
  const gone = { "x-ms-error-code": "BlobNotFound" };
  const answers = [
    [{}, 403, {}, "source/forbidden", "No credentials are set"],
    [{}, 409, {}, "source/forbidden", "AZURE_STORAGE_KEY"],
    [{}, 404, denied, "source/forbidden", "No credentials are set"],
    [{}, 404, gone, "source/not_found", ""],
    [{ AZURE_STORAGE_KEY: "aaaa" }, 403, {}, "source/forbidden", "are valid"],
    [{ AZURE_STORAGE_KEY: "aaaa" }, 404, denied, "source/not_found", ""],
    [{ AZURE_STORAGE_SAS_TOKEN: "sig=s-e-c-r-e-t" }, 403, {}, "source/forbidden", "are valid"],
    [{ AZURE_STORAGE_SAS_TOKEN: "sig=s-e-c-r-e-t" }, 503, {}, "source/unavailable", ""],
  ] as const;
  for (const [environment, status, headers, code, part] of answers) {
    await using server = serveHttp(() => ({ status, headers }));
    const variables = {
      ...environment,
      AZURE_STORAGE_CONNECTION_STRING: `AccountName=a;BlobEndpoint=${server.origin}`,
    };
    for (const url of ["az://b/a.csv", "az://b/*.csv"]) {
      const error = await failure(() =>
        fetchAll(planFor(url, { retries: 0 }), testContext(variables))
      );
      expect([url, status, error.code]).toEqual([url, status, code]);
      expect(error.hint).toContain(part);
      expect(JSON.stringify(error.toJSON())).not.toMatch(/aaaa|s-e-c-r-e-t/);
    }
  }
});

Deno.test("az: a redirect to another origin gets no proof", async () => {
  await using other = serveHttp((request) => answerFile(request, { body: bytesOf("id\n") }));
  await using server = serveHttp(() => ({
    status: 307,
    headers: { location: `${other.origin}/a.csv` },
  }));
  const context = testContext({
    AZURE_STORAGE_CONNECTION_STRING: `AccountName=a;AccountKey=aaaa;BlobEndpoint=${server.origin}`,
  });
  await fetchAll(planFor("az://b/a.csv"), context);
  expect(Object.keys(other.requests[0].headers).filter((name) => /x-ms|authorization/.test(name)))
    .toEqual([]);
});

Deno.test("az: a month of blobs is one load, and known again", async () => {
  await using store = startAzure();
  store.put("in/2021-01/a b.csv", bytesOf("id,name\n1,a\nx,b\n"));
  store.put("in/2021-01/ü.csv", bytesOf("name,id\nc,3\n"));
  await using test = await testDatabase();
  const spec = specOf(
    `
pipeline: blobs
partitions: { by: month, from: 2021-01, to: 2021-02, missing: pending }
source: { url: "az://trips/in/{month}/*.csv" }
target: { table: shop.blobs, lineage: true }
columns: { id: integer, name: text }
rejects: { limit: 10 }
`,
    "/",
  );
  const { context } = runContext(test.db);
  const secrets = secretsFrom({
    AZURE_STORAGE_CONNECTION_STRING:
      `AccountName=${store.account};AccountKey=${store.key};BlobEndpoint=${store.origin}`,
  });
  const load = async () => {
    const options = { partitions: [], force: false, allowDestructive: false };
    const { partitions } = await runPipeline(spec, options, { ...context, secrets });
    return partitions.map(({ status }) => status);
  };
  expect(await load()).toEqual(["published", "pending"]);
  expect(await test.db.query("select id, _source_file from shop.blobs order by id")).toEqual([
    { id: 1, _source_file: "az://trips/in/2021-01/a b.csv" },
    { id: 3, _source_file: "az://trips/in/2021-01/ü.csv" },
  ]);
  expect(await load()).toEqual(["unchanged", "pending"]);
  store.put("in/2021-01/ü.csv", bytesOf("name,id\nd,4\n"));
  expect(await load()).toEqual(["published", "pending"]);
});
