import { expect } from "packages/expect.ts";
import { measure, median } from "../../bench/measure.ts";

Deno.test("measure() tells how a program ended, what it printed and how long it took", async () => {
  const script = "console.log('out'); console.error('err'); setTimeout(() => Deno.exit(3), 200)";
  const measured = await measure(Deno.execPath(), ["eval", script], { env: { NO_COLOR: "1" } });
  expect(measured.code).toBe(3);
  expect(measured.stdout.trim()).toBe("out");
  expect(measured.stderr.trim()).toBe("err");
  expect(measured.seconds).toBeGreaterThan(0.2);
});

Deno.test({
  name: "measure() sees the memory a program held for a moment only",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const peakOf = async (megabytes: number) => {
      const script =
        `let bytes = new Uint8Array(${megabytes} << 20).fill(1); bytes = bytes.length; ` +
        "setTimeout(() => {}, 150)";
      return (await measure(Deno.execPath(), ["eval", script])).peakBytes!;
    };
    expect(await peakOf(200) - await peakOf(1)).toBeGreaterThan(150_000_000);
  },
});

Deno.test("median() takes the middle, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});

Deno.test({
  name:
    "measure() sees what a program took of the processors, and nothing of it in what was printed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const cpuOf = async (milliseconds: number) => {
      const script = `const end = performance.now() + ${milliseconds}; ` +
        "while (performance.now() < end) Math.sqrt(2); console.error('told')";
      const { cpuSeconds, stderr } = await measure(Deno.execPath(), ["eval", script]);
      expect(stderr.trim()).toBe("told");
      return cpuSeconds!;
    };
    const idle = await cpuOf(0);
    expect(idle).toBeGreaterThan(0);
    // What else runs may take most of that time.
    expect(await cpuOf(1000)).toBeGreaterThan(idle);
  },
});

Deno.test("measure() fails where there is no such program", async () => {
  await expect(measure("no-such-program-of-anybody", [])).rejects.toThrow(Deno.errors.NotFound);
});
