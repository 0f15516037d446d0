import { expect } from "packages/expect.ts";
import { systemClock } from "../../src/core/clock.ts";
import { SluiceError } from "../../src/core/error.ts";
import { atFirst, fromThenOn, openPatiently } from "../../src/db/connection/patience.ts";
import { isTransient, withRetry } from "../../src/db/with_retry.ts";

const LOST = new SluiceError("db/connection_lost", "Lost", { retry: "later" });
const WRONG = new SluiceError("db/unknown_table", "Wrong");

/** A clock whose sleeps pass at once and are noted down. */
function quickClock() {
  const sleeps: number[] = [];
  let now = 0;
  return {
    sleeps,
    clock: {
      ...systemClock,
      monotonic: () => now,
      sleep(milliseconds: number, signal?: AbortSignal) {
        if (signal?.aborted) return Promise.reject(signal.reason);
        sleeps.push(milliseconds);
        now += milliseconds;
        return Promise.resolve();
      },
    },
  };
}

/** Fails so often, then succeeds. */
function failing(times: number, error: unknown): () => Promise<string> {
  return () => times-- > 0 ? Promise.reject(error) : Promise.resolve("done");
}

Deno.test("withRetry repeats after transient errors, with growing waits, and tells each", async () => {
  const { clock, sleeps } = quickClock();
  const told: unknown[] = [];
  const result = await withRetry(failing(3, LOST), {
    clock,
    random: () => 0.5,
    attempts: 4,
    onRetry: (...args) => told.push(args),
  });
  expect(result).toBe("done");
  expect(sleeps).toEqual([250, 500, 1000]);
  expect(told).toEqual([[1, 4, 0.25, LOST], [2, 4, 0.5, LOST], [3, 4, 1, LOST]]);
});

Deno.test("withRetry gives up after its attempts, and at once for anything else", async () => {
  const { clock, sleeps } = quickClock();
  const options = { clock, random: () => 0.5 };
  await expect(withRetry(failing(9, LOST), { ...options, attempts: 2 })).rejects.toBe(LOST);
  expect(sleeps.length).toBe(1);
  await expect(withRetry(failing(1, WRONG), options)).rejects.toBe(WRONG);
  const bug = new TypeError("bug");
  await expect(withRetry(failing(1, bug), options)).rejects.toBe(bug);
  expect(sleeps.length).toBe(1);
  await withRetry(failing(7, LOST), options);
  expect(sleeps.length).toBe(8);
});

Deno.test("withRetry stops waiting when its signal aborts, and keeps the error", async () => {
  const stop = new AbortController();
  const outcome = withRetry(failing(9, LOST), {
    clock: systemClock,
    random: () => 1,
    signal: stop.signal,
    onRetry: () => setTimeout(() => stop.abort(new Error("interrupted")), 10),
  });
  await expect(outcome).rejects.toBe(LOST);
});

Deno.test("isTransient is what passes by itself, not what an administrator must mend", () => {
  const of = (code: string) => isTransient(new SluiceError(`db/${code}`, ""));
  for (const code of "deadlock serialization_failure server_shutdown read_only".split(" ")) {
    expect([code, of(code)]).toEqual([code, true]);
  }
  // A lock has its own attempts, a canceled statement was meant so, a full disk stays full.
  for (
    const code of "lock_timeout canceled disk_full permission_denied authentication".split(" ")
  ) {
    expect([code, of(code)]).toEqual([code, false]);
  }
  expect(isTransient(new Error("x"))).toBe(false);
});

Deno.test("openPatiently waits as long as the patience for the error lasts", async () => {
  const starting = new SluiceError("db/server_starting", "Starting");
  const refused = new SluiceError("db/refused", "Refused");
  const attempt = async (times: number, error: SluiceError, patience = atFirst) => {
    const { clock, sleeps } = quickClock();
    const options = { clock, random: () => 0.5 };
    const outcome = await openPatiently(failing(times, error), patience, { since: null }, options)
      .catch((error) => error.code);
    return [outcome, Math.round(sleeps.reduce((sum, each) => sum + each, 0) / 1000)];
  };
  expect(await attempt(4, refused)).toEqual(["done", 1]);
  expect(await attempt(99, refused)).toEqual(["db/refused", 2]);
  expect(await attempt(99, refused, fromThenOn)).toEqual(["db/refused", 59]);
  expect(await attempt(99, starting)).toEqual(["db/server_starting", 29]);
  expect(await attempt(9, WRONG)).toEqual(["db/unknown_table", 0]);
  expect(await attempt(9, WRONG, fromThenOn)).toEqual(["db/unknown_table", 0]);
});

Deno.test("openPatiently counts the time once for all that wait for a server", async () => {
  const { clock, sleeps } = quickClock();
  const options = { clock, random: () => 0.5 };
  const absence = { since: null };
  await expect(openPatiently(failing(99, LOST), fromThenOn, absence, options)).rejects.toBe(LOST);
  const seconds = () => sleeps.reduce((sum, each) => sum + each, 0) / 1000;
  await expect(openPatiently(failing(99, LOST), fromThenOn, absence, options)).rejects.toBe(LOST);
  expect(seconds()).toBeLessThanOrEqual(60);
  // Once it is back, it may go away again.
  await openPatiently(failing(0, LOST), fromThenOn, absence, options);
  await expect(openPatiently(failing(99, LOST), fromThenOn, absence, options)).rejects.toBe(LOST);
  expect(seconds()).toBeGreaterThan(110);
});

Deno.test("openPatiently does not wait once its signal has aborted, but tries", async () => {
  const options = { clock: systemClock, random: () => 0, signal: AbortSignal.abort() };
  expect(await openPatiently(failing(0, LOST), fromThenOn, { since: null }, options)).toBe("done");
  await expect(openPatiently(failing(1, LOST), fromThenOn, { since: null }, options)).rejects.toBe(
    LOST,
  );
});
