// Slow: logins by SSH, whose keys take their time to agree on.
import { expect } from "packages/expect.ts";
import { createHmac } from "node:crypto";
import { openSource } from "../../src/source/open.ts";
import { fingerprint, knownKeys } from "../../src/source/transports/known_hosts.ts";
import { startSftp } from "./conformance/sftp_server.ts";
import { bytesOf, chunksOf, failure, fetchAll, planFor, testContext } from "./support.ts";

Deno.test("sftp: only a host whose key is known is asked anything", async () => {
  await using server = await startSftp();
  server.put("a.csv", bytesOf("id\n1\n"));
  const hosts = `${server.folder}/hosts`;
  const name = `[127.0.0.1]:${server.port}`;
  const [type, key] = server.hostKey.split(" ");
  const other = `${key.slice(0, -6)}AAAAAA`;
  const salt = new Uint8Array(20).fill(7);
  const hashed = createHmac("sha1", salt).update(name).digest("base64");
  const print = fingerprint(Uint8Array.fromBase64(key));
  const cases: (readonly [string, string | null])[] = [
    [`${name} ${type} ${key}`, null],
    [`# a comment\n\nother.org,${name} ${type} ${key} loader@here`, null],
    [`|1|${salt.toBase64()}|${hashed} ${type} ${key}`, null],
    [`[127.0.0.*]:${server.port} ${type} ${key}`, null],
    [`${name} ssh-rsa AAAA\n${name} ${type} ${key}`, null],
    ["", "source/unknown_host"],
    [`127.0.0.1 ${type} ${key}`, "source/unknown_host"],
    [`!${name},* ${type} ${key}`, "source/unknown_host"],
    [`@cert-authority ${name} ${type} ${key}`, "source/unknown_host"],
    [`${name} ${type} ${other}`, "source/host_key_changed"],
    [`@revoked ${name} ${type} ${key}`, "source/host_key_changed"],
    [
      `${name} ${type} ${key}\n@revoked * ${type} ${key}\n@revoked ${name} ${type} ${key}`,
      "source/host_key_changed",
    ],
  ];
  const url = `sftp://loader:pass%40word-7@127.0.0.1:${server.port}/a.csv`;
  for (const [text, code] of cases) {
    Deno.writeTextFileSync(hosts, text);
    const context = testContext({ SFTP_KNOWN_HOSTS: hosts });
    if (code === null) {
      expect((await fetchAll(planFor(url), context)).bytes).toEqual(bytesOf("id\n1\n"));
      continue;
    }
    const error = await failure(() => fetchAll(planFor(url), context));
    expect([text, error.code, error.retry]).toEqual([text, code, "never"]);
    expect(error.message).toContain(print);
    expect(context.retries).toEqual([]);
  }
  expect(knownKeys("h,[h]:22 t k\n", "h", 22)).toEqual([{ type: "t", key: "k", revoked: false }]);
});

Deno.test("sftp: a key or a password lets the operator in, and nobody else", async () => {
  await using server = await startSftp();
  server.put("a.csv", bytesOf("id\n1\n"));
  const environment = { SFTP_KNOWN_HOSTS: server.knownHosts };
  const at = `127.0.0.1:${server.port}/a.csv`;
  const key = { ...environment, SFTP_PRIVATE_KEY: server.userKey };
  expect((await fetchAll(planFor(`sftp://loader@${at}`), testContext(key))).read).toBe(5);
  const secret = testContext({ ...environment, PASSWORD: "pass%40word-7" });
  expect((await fetchAll(planFor(`sftp://loader:\${PASSWORD}@${at}`), secret)).read).toBe(5);
  const refused = [
    [`sftp://loader:wrong-one-9@${at}`, environment],
    [`sftp://nobody@${at}`, key],
    [`sftp://loader@${at}`, environment],
    [`sftp://loader@${at}`, { ...environment, SFTP_PRIVATE_KEY: "/none" }],
    [`sftp://loader@${at}`, { ...environment, SFTP_PRIVATE_KEY: server.knownHosts }],
  ] as const;
  for (const [url, variables] of refused) {
    const error = await failure(() => fetchAll(planFor(url), testContext(variables)));
    expect([url, error.code, error.retry]).toEqual([url, "source/forbidden", "never"]);
    expect(JSON.stringify(error.toJSON())).not.toContain("wrong-one-9");
  }
  for (const url of ["sftp://loader@127.0.0.1", "sftp:///a.csv", `sftp://127.0.0.1:99999/a`]) {
    expect((await failure(() => fetchAll(planFor(url), testContext(key)))).code)
      .toBe("source/bad_url");
  }
  const folder = `sftp://loader@127.0.0.1:${server.port}/`;
  server.put("folder/b.csv", bytesOf("id\n2\n"));
  expect((await failure(() => fetchAll(planFor(`${folder}folder`), testContext(key)))).code)
    .toBe("source/is_a_folder");
});

Deno.test("sftp: a pattern is the files of its names", async () => {
  await using server = await startSftp();
  for (const name of ["1.csv", "2 ü.csv", "x.txt", "sub/3.csv", "sub/deep/4.csv", "100%.csv"]) {
    server.put(`in/${name}`, bytesOf("id\n1\n"));
  }
  const variables = { SFTP_KNOWN_HOSTS: server.knownHosts, SFTP_PRIVATE_KEY: server.userKey };
  const base = `sftp://loader@127.0.0.1:${server.port}/in/`;
  const names = async (pattern: string) => {
    await using source = await openSource(planFor(base + pattern), testContext(variables));
    const found: string[] = [];
    for await (const { url, chunks } of source.files) {
      found.push(url.slice(url.indexOf("/in/") + 4));
      for await (const _ of chunks);
    }
    return found;
  };
  expect(await names("*.csv")).toEqual(["1.csv", "100%.csv", "2 ü.csv"]);
  expect(await names("**/*.csv")).toEqual([
    "1.csv",
    "100%.csv",
    "2 ü.csv",
    "sub/3.csv",
    "sub/deep/4.csv",
  ]);
  expect(await names("*/[3-9].csv")).toEqual(["sub/3.csv"]);
  expect((await failure(() => names("*.tsv"))).code).toBe("source/not_found");
  expect((await failure(() => names("none/*.csv"))).code).toBe("source/not_found");
});

Deno.test("sftp: a file that was changed just now is read twice before it is believed", async () => {
  await using server = await startSftp();
  const text = bytesOf("id\n" + "1\n".repeat(400_000));
  const other = text.slice().fill(0x32, 400_000, 400_001);
  const context = testContext({
    SFTP_KNOWN_HOSTS: server.knownHosts,
    SFTP_PRIVATE_KEY: server.userKey,
  });
  const now = context.clock.now().getTime() / 1000;
  const plan = planFor(`sftp://loader@127.0.0.1:${server.port}/a.csv`);
  server.put("a.csv", text, now);
  await using source = await openSource(plan, context);
  expect(source.facts.lastModified).toBe(null);
  const error = await failure(async () => {
    let isFirst = true;
    for await (const _ of chunksOf(source)) {
      // Of the same length, and within the second that its time shows.
      if (isFirst) server.put("a.csv", other, now);
      isFirst = false;
    }
  });
  expect([error.code, error.retry]).toEqual(["source/changed_while_reading", "restart"]);
  expect((await fetchAll(plan, context)).bytes).toEqual(other);
});
