import { migrate } from "../../src/ledger/mod.ts";
import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import {
  endAttempt,
  readSchedule,
  registerSchedule,
  takeAttempt,
} from "../../src/schedule/schedules.ts";
import { testDatabase } from "../support/postgres.ts";
import { at } from "./support.ts";

Deno.test("an attempt's error is recorded whatever its message quotes", async () => {
  await using database = await testDatabase();
  const { db } = database;
  await migrate(db);
  const tick = at("2026-01-02T06:00");
  await registerSchedule(db, "trips", { cron: "0 6 * * *", timezone: "UTC" }, tick);
  const row = await readSchedule(db, "trips");
  expect(await takeAttempt(db, row!, { tick, attempt: 0 }, "here/1", tick)).toBe(true);
  const end = {
    state: "done",
    attempt: 0,
    retryAt: null,
    runId: null,
    status: "failed",
    error: new SluiceError("rows/schema_mismatch", 'the pipeline does not know "i\0d\ud800"')
      .toJSON(),
  } as const;
  expect(await endAttempt(db, "trips", { tick, attempt: 0 }, "here/1", end, tick)).toBe(true);
  const [stored] = await db.query(`select state, error ->> 'message' as message
from sluice.schedules`);
  expect(stored).toEqual({
    state: "done",
    message: 'the pipeline does not know "i\ufffdd\ufffd"',
  });
});
