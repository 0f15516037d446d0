import { expect } from "packages/expect.ts";
import { openTerminal } from "../support/terminal.ts";

const DEMO = new URL("bar_demo.ts", import.meta.url).pathname;

Deno.test("barProgress draws while it runs and leaves only what is worth keeping", async () => {
  await using screen = await openTerminal(`'${Deno.execPath()}' run -A --no-check '${DEMO}' 250`);
  if (screen === null) return console.log("skipped: there is no tmux");
  const during = await screen.until(/49%.*406 kB of 812 kB/);
  expect(during).toMatch(/^trips +█+░+ +24% +0\/2 partitions +5,000 rows +[\d,]+\/s +ETA /m);
  expect(during).toMatch(/^2021-01 +█+░+ +49% +5,000 rows +406 kB of 812 kB$/m);
  const after = await screen.until(/exit=0/);
  const long = `a long line ${"x".repeat(120)} ends`;
  expect(after.split("\n").filter((line) => line !== "" && !line.startsWith("exit="))).toEqual([
    "2021-01  publish: Somebody holds the lock; attempt 1 of 5 failed, next in 0.50 s",
    // The terminal is 100 columns wide.
    long.slice(0, 100),
    long.slice(100),
    "2021-01  warning: Version 1 could not be dropped",
    "after the bar",
  ]);
});
