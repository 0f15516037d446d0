import { expect } from "packages/expect.ts";
import { keptRejects, rejectBudget } from "../../src/load/reject_budget.ts";

Deno.test("all rejects are kept of a share, and ten thousand beyond a number of rows", () => {
  expect(keptRejects({ kind: "percent", percent: 100 })).toBe(Infinity);
  expect(keptRejects({ kind: "rows", rows: 0 })).toBe(10_000);
  expect(keptRejects({ kind: "rows", rows: 2_000_000 })).toBe(2_010_000);
});

Deno.test("a share of rows is exact for each limit of up to two decimals", () => {
  // One `expect` for all of them: 100,000 would take seconds.
  const wrong: unknown[] = [];
  for (let hundredths = 0; hundredths <= 10_000; hundredths++) {
    const limit = { kind: "percent", percent: Number(`${hundredths}e-2`) } as const;
    for (const rows of [1, 99, 5_000, 10_000, 123_456_789]) {
      const allowed = Number(BigInt(rows) * BigInt(hundredths) / 10_000n);
      const codes = [allowed, allowed + 1].map((rejects) =>
        rejectBudget(limit, rows, rejects)?.code
      );
      if (codes[0] !== undefined || codes[1] !== "rows/too_many_rejects") {
        wrong.push({ limit, rows, allowed, codes });
      }
    }
  }
  expect(wrong).toEqual([]);
});
