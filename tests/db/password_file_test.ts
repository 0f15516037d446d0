import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { findPassword } from "../../src/db/connection/password_file.ts";
import { testDatabase } from "../support/postgres.ts";

const POSIX = Deno.build.os !== "windows";

function passwordFile(text: string, mode = 0o600): Disposable & { readonly path: string } {
  const path = Deno.makeTempFileSync({ prefix: "sluice-pgpass-" });
  Deno.writeTextFileSync(path, text);
  if (POSIX) Deno.chmodSync(path, mode);
  return { path, [Symbol.dispose]: () => Deno.removeSync(path) };
}

const TARGET = { host: "db.example", port: 5432, database: "warehouse", user: "loader" };

Deno.test("findPassword takes the first line that fits, with escapes and stars", async () => {
  using file = passwordFile([
    "# db.example:5432:warehouse:loader:comment",
    "db.example:5433:warehouse:loader:other port",
    "nonsense",
    "*:*:we\\:ird:lo\\\\ader:esc\\:aped\\\\",
    "db.example:*:warehouse:loader:with:colon",
    "*:*:*:*:too late",
    "",
  ].join("\r\n"));
  const find = async (change: Partial<typeof TARGET>) =>
    (await findPassword(file.path, { ...TARGET, ...change })).password;
  expect(await find({})).toBe("with:colon");
  expect(await find({ port: 5433 })).toBe("other port");
  expect(await find({ database: "we:ird", user: "lo\\ader" })).toBe("esc:aped\\");
  expect(await find({ user: "somebody" })).toBe("too late");
});

Deno.test("findPassword takes a socket for localhost, and finds nothing without a file", async () => {
  using file = passwordFile("localhost:*:*:*:by socket\n");
  expect((await findPassword(file.path, { ...TARGET, host: "/run/pg" })).password)
    .toBe("by socket");
  const none = { password: "", problem: null };
  expect(await findPassword(file.path, TARGET)).toEqual(none);
  expect(await findPassword("no such file", TARGET)).toEqual(none);
});

Deno.test({
  name: "findPassword passes over a file that others may read, and a wrong login says so",
  ignore: !POSIX,
  async fn() {
    await using test = await testDatabase();
    const url = new URL(test.url);
    using file = passwordFile(`*:*:*:*:${url.password}\n`);
    url.password = "";
    const variables = { PGPASSFILE: file.path };
    {
      await using db = await connect({ url: url.href, variables });
      expect(await db.query("select 1 as one")).toEqual([{ one: 1 }]);
    }
    Deno.chmodSync(file.path, 0o640);
    await expect(connect({ url: url.href, variables })).rejects.toMatchObject({
      code: "db/authentication",
      hint: expect.stringContaining(`"${file.path}" was not used: others may read it`),
    });
  },
});
