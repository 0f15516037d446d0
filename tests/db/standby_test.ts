import { expect } from "packages/expect.ts";
import { systemClock } from "../../src/core/clock.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { withRetry } from "../../src/db/with_retry.ts";
import { EMBEDDED, startBuild } from "../matrix/servers.ts";

const WAIT = { clock: systemClock, random: () => 0.1 };

Deno.test("a real standby is told, waited for and used once it is promoted", async () => {
  await using server = await startBuild(EMBEDDED);
  await using db = await connect({ url: server.url, wait: WAIT });
  await db.query("create table public.t (a int)");
  await server.becomeStandby();
  const readWrite = `${server.url}?target_session_attrs=read-write`;
  await expect(connect({ url: readWrite })).rejects.toMatchObject({
    code: "db/read_only",
    retry: "later",
    message: expect.stringContaining("it is a standby"),
  });
  // The pool has lost its connection in the restart, and finds the standby in its place.
  await expect(
    withRetry(() => db.query("insert into public.t values (1)"), { ...WAIT, attempts: 3 }),
  )
    .rejects.toMatchObject({ code: "db/read_only", postgres: { code: "25006" } });
  expect(await db.query("select count(*) as n from public.t")).toEqual([{ n: 0 }]);
  const waiting = connect({ url: readWrite, wait: WAIT });
  const writing = withRetry(() => db.query("insert into public.t values (1)"), WAIT);
  await db.query("select pg_promote()");
  await using primary = await waiting;
  await writing;
  expect(await primary.query("select a from public.t")).toEqual([{ a: 1 }]);
});
