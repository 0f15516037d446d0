import { expect } from "packages/expect.ts";
import { Attempts, growing, retry, type RetryPolicy } from "../../src/core/retry.ts";

/** A policy whose waits pass at once and are noted down. */
function noting(change: Partial<RetryPolicy> = {}) {
  const slept: number[] = [];
  const told: unknown[] = [];
  const policy: RetryPolicy = {
    clock: {
      sleep(milliseconds) {
        slept.push(milliseconds);
        return Promise.resolve();
      },
    },
    attempts: 4,
    delay: (failures) => failures * 10,
    again: () => true,
    onRetry: (...args) => void told.push(args),
    ...change,
  };
  return { policy, slept, told };
}

/** Fails with these errors in turn, then succeeds. */
function failing(...errors: unknown[]): () => Promise<string> {
  return () => errors.length > 0 ? Promise.reject(errors.shift()) : Promise.resolve("done");
}

const A = new Error("a");
const B = new Error("b");

Deno.test("retry() does work again after each failure, and tells before it waits", async () => {
  const { policy, slept, told } = noting();
  expect(await retry(failing(A, B), policy)).toBe("done");
  expect(slept).toEqual([10, 20]);
  expect(told).toEqual([[1, 10, A], [2, 20, B]]);
});

Deno.test("retry() ends with the last error, or with what is made of it", async () => {
  const { policy, slept } = noting({ attempts: 2 });
  await expect(retry(failing(A, B, A), policy)).rejects.toBe(B);
  expect(slept).toEqual([10]);
  const spent = (error: unknown) => Promise.resolve([error]);
  await expect(retry(failing(A, B, A), { ...policy, spent })).rejects.toEqual([B]);
  // What is of no use is not the last attempt: it is told as it is.
  await expect(retry(failing(B), { ...policy, spent, again: () => false })).rejects.toBe(B);
});

Deno.test("retry() asks whether to go on with the wait that would be needed", async () => {
  const { policy, slept } = noting({ again: (_error, delay) => delay < 30 });
  await expect(retry(failing(A, A, B, A), policy)).rejects.toBe(B);
  expect(slept).toEqual([10, 20]);
});

Deno.test("retry() waits for what mends, and ends where that fails", async () => {
  const order: string[] = [];
  const { policy } = noting({
    onRetry: async () => {
      await Promise.resolve();
      order.push("mended");
    },
    again: (_error, _delay, failures) => failures < 3,
  });
  const errors = [A, A];
  const work = () => {
    order.push("tried");
    return errors.length > 0 ? Promise.reject(errors.shift()) : Promise.resolve("done");
  };
  expect(await retry(work, policy)).toBe("done");
  expect(order).toEqual(["tried", "mended", "tried", "mended", "tried"]);
  await expect(retry(failing(A), { ...policy, onRetry: () => Promise.reject(B) })).rejects.toBe(B);
});

Deno.test("retry() does not wait where there is nothing to wait for", async () => {
  const { policy, slept } = noting({ delay: () => 0 });
  expect(await retry(failing(A), policy)).toBe("done");
  expect(slept).toEqual([]);
});

Deno.test("an abort ends the waiting: with the error, or what the reason is made into", async () => {
  for (const early of [true, false]) {
    const stop = new AbortController();
    const reason = new Error("stopped");
    if (early) stop.abort(reason);
    const { policy } = noting({
      signal: stop.signal,
      clock: {
        sleep() {
          stop.abort(reason);
          return Promise.reject(reason);
        },
      },
    });
    await expect(retry(failing(A), policy)).rejects.toBe(A);
    await expect(retry(failing(A), { ...policy, aborted: (reason) => reason }))
      .rejects.toBe(reason);
  }
  // What another attempt would not help is told as it is, whoever has aborted meanwhile.
  const { policy: late } = noting({
    signal: AbortSignal.abort(new Error("stopped")),
    again: () => false,
    aborted: (reason) => reason,
  });
  await expect(retry(failing(A), late)).rejects.toBe(A);
  // A clock that breaks is a bug.
  const { policy } = noting({ clock: { sleep: () => Promise.reject(B) } });
  await expect(retry(failing(A), policy)).rejects.toBe(B);
});

Deno.test("Attempts counts failures in a row", async () => {
  const { policy, slept } = noting({ attempts: 3 });
  const attempts = new Attempts(policy);
  await attempts.run(failing(A, A));
  attempts.reset();
  await attempts.run(failing(A, A));
  await expect(attempts.run(failing(B))).rejects.toBe(B);
  expect(slept).toEqual([10, 20, 10, 20]);
});

Deno.test("growing() doubles up to the cap, times chance", () => {
  const delay = growing(() => 0.5, { base: 100, cap: 1_000 });
  expect([1, 2, 3, 4, 5, 6].map(delay)).toEqual([50, 100, 200, 400, 500, 500]);
});
