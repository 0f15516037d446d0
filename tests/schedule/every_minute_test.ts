import { expect } from "packages/expect.ts";
import { everyMinute } from "../../src/schedule/every_minute.ts";

Deno.test("everyMinute() is Deno.cron where there is one, each minute, until the signal aborts", async () => {
  const runtime = Deno as unknown as { cron?: unknown };
  const before = runtime.cron;
  try {
    delete runtime.cron;
    expect(everyMinute()).toBe(null);
    const calls: unknown[][] = [];
    runtime.cron = (...args: unknown[]) => {
      calls.push(args);
      return Promise.resolve();
    };
    const { signal } = new AbortController();
    const wake = () => {};
    everyMinute()!(wake, signal);
    expect(calls).toEqual([["sluice serve", "* * * * *", { signal }, wake]]);
  } finally {
    if (before !== undefined) runtime.cron = before;
    else delete runtime.cron;
  }
  // The real one, in a process that has it: it takes the name, the times and the signal.
  const script = `
    const { everyMinute } = await import(${JSON.stringify(MODULE)});
    const stop = new AbortController();
    everyMinute()(() => {}, stop.signal);
    setTimeout(() => { stop.abort(); console.log("stopped"); }, 100);`;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", "--unstable-cron", script],
    stderr: "inherit",
  }).output();
  expect([code, new TextDecoder().decode(stdout)]).toEqual([0, "stopped\n"]);
});

const MODULE = new URL("../../src/schedule/every_minute.ts", import.meta.url).href;
