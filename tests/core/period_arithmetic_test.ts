import { expect } from "packages/expect.ts";
import {
  countPeriods,
  expandPartitions,
  fillTemplate,
  formatPartition,
  parsePartition,
  periodBounds,
} from "../../src/core/period.ts";
import type { Period } from "../../src/spec/pipeline_spec.ts";

const PERIODS: readonly Period[] = ["year", "quarter", "month", "week", "day", "hour"];
const NOW = new Date("2021-03-15T12:34:56Z");

Deno.test("a period's name leads back to its start", () => {
  let seed = 7;
  // One `expect` for all of them: 100,000 would take seconds.
  const wrong: unknown[] = [];
  for (let round = 0; round < 3000; round++) {
    seed = (seed * 48271) % 2147483647;
    const date = new Date((seed / 2147483647) * 8e12 - 2e12);
    for (const by of PERIODS) {
      const text = formatPartition(by, date);
      const start = parsePartition(by, text)!;
      const { end } = periodBounds(by, text);
      const next = new Date(end.length === 10 ? `${end}T00:00:00Z` : `${end.replace(" ", "T")}Z`);
      const holds = start.getTime() <= date.getTime() &&
        formatPartition(by, start) === text &&
        next.getTime() > date.getTime() &&
        countPeriods(by, start, next) === 2 &&
        formatPartition(by, new Date(next.getTime() - 1)) === text;
      if (!holds) wrong.push({ by, date, text, start, next });
    }
  }
  expect(wrong).toEqual([]);
});

Deno.test("what does not exist or is written otherwise is no period", () => {
  const wrong: [Period, string][] = [
    ["year", "21"],
    ["year", "0000"],
    ["year", "2021-01"],
    ["quarter", "2021-Q5"],
    ["month", "2021-13"],
    ["month", "2021-1"],
    ["month", "2021-00"],
    ["week", "2021-W53"],
    ["week", "2021-W00"],
    ["day", "2021-02-29"],
    ["hour", "2021-01-31T24"],
    ["hour", "2021-01-31 05"],
  ];
  for (const [by, text] of wrong) expect(parsePartition(by, text)).toBeNull();
  expect(parsePartition("week", "2020-W53")?.toISOString()).toBe("2020-12-28T00:00:00.000Z");
  expect(parsePartition("year", "0021")?.getUTCFullYear()).toBe(21);
});

Deno.test("partitions run from first to last", () => {
  const expand = (by: Period, from: string, to: string) =>
    expandPartitions({ by, from, to, values: [] }, NOW);
  expect(expand("month", "2020-11", "2021-02")).toEqual([
    "2020-11",
    "2020-12",
    "2021-01",
    "2021-02",
  ]);
  expect(expand("month", "current-2", "current")).toEqual(["2021-01", "2021-02", "2021-03"]);
  expect(expand("week", "2020-W53", "2021-W01")).toEqual(["2020-W53", "2021-W01"]);
  expect(expand("quarter", "current-1", "current")).toEqual(["2020-Q4", "2021-Q1"]);
  expect(expand("hour", "2021-01-31T23", "2021-02-01T00")).toEqual([
    "2021-01-31T23",
    "2021-02-01T00",
  ]);
  expect(expand("day", "2021-02-01", "2021-01-01")).toEqual([]);
  expect(expandPartitions({ by: "list", from: null, to: null, values: ["b", "a"] }, NOW))
    .toEqual(["b", "a"]);
});

Deno.test("bounds are dates, and timestamps for hours", () => {
  expect(periodBounds("month", "2021-12")).toEqual({ start: "2021-12-01", end: "2022-01-01" });
  expect(periodBounds("quarter", "2021-Q4")).toEqual({ start: "2021-10-01", end: "2022-01-01" });
  expect(periodBounds("hour", "2021-01-31T23"))
    .toEqual({ start: "2021-01-31 23:00:00", end: "2021-02-01 00:00:00" });
});

Deno.test("a template takes the partition and what is coarser", () => {
  const month = (template: string) => fillTemplate(template, "month", "2021-02");
  expect(month("a_{month}_{partition}")).toBe("a_2021-02_2021-02");
  expect(month("{month:yyyy}/{month:MM}/{month:yyyyMM}")).toBe("2021/02/202102");
  expect(month("{month:start} {month:end} {year} {year:yyyy} {quarter}"))
    .toBe("2021-02-01 2021-03-01 2021 2021 2021-Q1");
  expect(month("${month} {base} {day} {month:HH} {month:ab}")).toBe(
    "${month} {base} {day} {month:HH} {month:ab}",
  );
  expect(fillTemplate("{day:dd}.{day:MM}. {month}", "day", "2021-01-31")).toBe("31.01. 2021-01");
  expect(fillTemplate("{hour:yyyyMMdd_HH} {day}", "hour", "2021-01-31T05")).toBe(
    "20210131_05 2021-01-31",
  );
  expect(fillTemplate("{week:kkkk}/{week:WW}", "week", "2020-W53")).toBe("2020/53");
  expect(fillTemplate("{list}{partition}{month}", "list", "a")).toBe("aa{month}");
});
