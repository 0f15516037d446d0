import { expect } from "packages/expect.ts";

const MODULE = new URL("../../src/run/partition/free_buffers.ts", import.meta.url).href;

/**
 * MB of buffers that lie in a process which has dropped so many, before and after `freeBuffers`.
 *
 * @param looks at most, until they are gone
 */
async function unusedAfter(
  dropped: number,
  looks: number,
  ...flags: string[]
): Promise<[number, number]> {
  const script = `
import { setImmediate } from "node:timers/promises";
import { freeBuffers } from ${JSON.stringify(MODULE)};
const megabytes = () => Deno.memoryUsage().external / 2 ** 20;
const before = megabytes();
const buffers = Array.from({ length: ${dropped} }, () => new Uint8Array(1 << 20));
buffers.length = 0;
const unused = megabytes() - before;
freeBuffers();
// A thread of V8 frees them.
for (let i = 0; i < ${looks} && megabytes() - before > 2; i++) {
  await setImmediate();
}
console.log(JSON.stringify([unused, megabytes() - before]));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--node-modules-dir=manual", ...flags, script],
    env: { NO_COLOR: "1" },
  }).output();
  expect(new TextDecoder().decode(stderr)).toBe("");
  return JSON.parse(new TextDecoder().decode(stdout)) as [number, number];
}

Deno.test("buffers that nobody uses are freed where they are many, and V8 lets us", async () => {
  const freed = await unusedAfter(40, 100_000, "--v8-flags=--expose-gc");
  expect(freed[0]).toBeGreaterThan(30);
  expect(freed[1]).toBeLessThan(2);
  const few = await unusedAfter(4, 5, "--v8-flags=--expose-gc");
  expect(few[1]).toBeGreaterThan(3);
  const left = await unusedAfter(40, 5);
  expect(left[1]).toBeGreaterThan(30);
});

Deno.test("all that loads may free buffers", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  ) as { tasks: Record<string, { command: string }> };
  for (const name of ["run", "load", "apply", "serve", "worker"]) {
    expect(tasks[name].command).toContain("--expose-gc");
  }
});
