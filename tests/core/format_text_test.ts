import { expect } from "packages/expect.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPlural,
  formatRate,
} from "../../src/core/format_text.ts";

Deno.test("formatCount groups digits by three", () => {
  expect([0, 999, 1000, 1_369_765, 12_345_678_901].map(formatCount)).toEqual([
    "0",
    "999",
    "1,000",
    "1,369,765",
    "12,345,678,901",
  ]);
});

Deno.test("formatBytes keeps three digits and moves up before a fourth", () => {
  expect(
    [0, 999, 1000, 9_994, 9_996, 812_345, 999_499, 999_500, 130e6, 1.369e9, 5e18].map(formatBytes),
  )
    .toEqual([
      "0 B",
      "999 B",
      "1.00 kB",
      "9.99 kB",
      "10.0 kB",
      "812 kB",
      "999 kB",
      "1.00 MB",
      "130 MB",
      "1.37 GB",
      "5000 PB",
    ]);
});

Deno.test("formatDuration never shows 60 of a unit", () => {
  expect(
    [0, 0.1404, 9.994, 9.996, 59.94, 59.96, 119.6, 125, 3599.6, 3720, 7199].map(formatDuration),
  )
    .toEqual([
      "0.00 s",
      "0.14 s",
      "9.99 s",
      "10.0 s",
      "59.9 s",
      "1 min 00 s",
      "2 min 00 s",
      "2 min 05 s",
      "1 h 00 min",
      "1 h 02 min",
      "2 h 00 min",
    ]);
});

Deno.test("formatRate has no rate where no time has passed", () => {
  expect(formatRate(1000, 0)).toBe("-");
  expect(formatRate(1000, 0.5)).toBe("2,000/s");
});

Deno.test("formatPlural knows one", () => {
  expect([0, 1, 1000].map((count) => formatPlural(count, "row"))).toEqual([
    "0 rows",
    "1 row",
    "1,000 rows",
  ]);
});
