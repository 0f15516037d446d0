import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { listenForInterrupt, type StopSignal } from "../../src/cli/interrupt.ts";

function listen({ windows = false } = {}) {
  const handlers = new Map<StopSignal, () => void>();
  const exits: number[] = [];
  const exited = Promise.withResolvers<void>();
  let now = 0;
  const interrupt = listenForInterrupt({
    windows,
    listen: (signal, handler) => void handlers.set(signal, handler),
    unlisten: (signal) => void handlers.delete(signal),
    monotonic: () => now,
    exit(code) {
      exits.push(code);
      exited.resolve();
    },
  });
  return {
    interrupt,
    handlers,
    exits,
    exited: exited.promise,
    send: (signal: StopSignal, at: number) => {
      now = at;
      handlers.get(signal)!();
    },
  };
}

Deno.test("the first signal aborts with a reason that names it", () => {
  const { interrupt, send, exits } = listen();
  expect(interrupt.exitCode()).toBe(null);
  send("SIGTERM", 0);
  const reason = interrupt.signal.reason as SluiceError;
  expect(reason).toBeInstanceOf(SluiceError);
  expect(reason.code).toBe("cli/interrupted");
  expect(reason.details).toEqual({ signal: "SIGTERM" });
  expect(interrupt.exitCode()).toBe(143);
  expect(exits).toEqual([]);
});

Deno.test("one key press that arrives twice does not end the process", () => {
  const { interrupt, send, exits } = listen();
  send("SIGINT", 1000);
  send("SIGINT", 1000);
  send("SIGINT", 1249);
  expect(interrupt.exitCode()).toBe(130);
  expect(exits).toEqual([]);
});

Deno.test("a second key press ends the process at once", () => {
  const { send, exits } = listen();
  send("SIGINT", 1000);
  send("SIGINT", 1400);
  expect(exits).toEqual([130]);
});

Deno.test("who is to leave within a time is gone then, and not before a signal came", async () => {
  const { interrupt, send, exits, exited } = listen();
  interrupt.leaveWithin(1);
  send("SIGTERM", 0);
  expect(exits).toEqual([]);
  await exited;
  expect(exits).toEqual([143]);
});

Deno.test("the last time limit counts, set before the signal or after it", async () => {
  for (const isBefore of [true, false]) {
    const { interrupt, send, exits, exited } = listen();
    interrupt.leaveWithin(60_000);
    if (isBefore) interrupt.leaveWithin(1);
    send("SIGTERM", 0);
    if (!isBefore) interrupt.leaveWithin(1);
    await exited;
    expect(exits).toEqual([143]);
    interrupt[Symbol.dispose]();
  }
});

Deno.test("who has left has no time limit any more", () => {
  // A timer that is left behind fails the test.
  const { interrupt, send } = listen();
  interrupt.leaveWithin(60_000);
  send("SIGTERM", 0);
  interrupt[Symbol.dispose]();
});

Deno.test("Windows is asked for no signal it does not have", () => {
  expect([...listen({ windows: true }).handlers.keys()]).toEqual(["SIGINT", "SIGBREAK"]);
});

Deno.test("signals that belong to a child are left to it", () => {
  const { interrupt, send, exits } = listen();
  interrupt.leaveToChild();
  send("SIGINT", 0);
  send("SIGINT", 1000);
  expect(interrupt.signal.aborted).toBe(false);
  expect(exits).toEqual([]);
});

Deno.test("disposing stops listening", () => {
  const { interrupt, handlers } = listen();
  interrupt[Symbol.dispose]();
  expect(handlers.size).toBe(0);
});
