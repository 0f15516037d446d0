import { expect } from "packages/expect.ts";
import {
  expandPartitions,
  fillTemplate,
  formatPartition,
  MAX_PARTITIONS,
  parsePartition,
  periodBounds,
  placeholdersOf,
} from "../../src/core/period.ts";
import type { Period } from "../../src/spec/pipeline_spec.ts";

const NOW = new Date("2026-03-01T05:30:00Z");

Deno.test("parsePartition reads what formatPartition writes, and nothing else", () => {
  const good: [Period, string, string][] = [
    ["year", "0001", "0001-01-01T00:00:00.000Z"],
    ["quarter", "2021-Q4", "2021-10-01T00:00:00.000Z"],
    ["month", "2021-12", "2021-12-01T00:00:00.000Z"],
    ["week", "2020-W53", "2020-12-28T00:00:00.000Z"],
    ["week", "2021-W01", "2021-01-04T00:00:00.000Z"],
    ["day", "2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["hour", "2021-01-31T23", "2021-01-31T23:00:00.000Z"],
  ];
  for (const [by, text, iso] of good) {
    expect(parsePartition(by, text)?.toISOString()).toBe(iso);
    expect(formatPartition(by, new Date(iso))).toBe(text);
  }
  const bad: [Period, string][] = [
    ["year", "0000"],
    ["year", "21"],
    ["quarter", "2021-Q5"],
    ["month", "2021-13"],
    ["month", "2021-1"],
    ["month", "2021-00"],
    ["week", "2021-W53"],
    ["week", "2021-W00"],
    ["day", "2023-02-29"],
    ["hour", "2021-01-31T24"],
  ];
  for (const [by, text] of bad) expect(parsePartition(by, text)).toBe(null);
});

Deno.test("expandPartitions gives periods that touch, from the first to the last", () => {
  const ranges: [Period, string, string, number][] = [
    ["year", "1999", "2002", 4],
    ["quarter", "2020-Q3", "2021-Q2", 4],
    ["month", "2020-11", "2021-02", 4],
    ["week", "2020-W52", "2021-W02", 4],
    ["day", "2024-02-27", "2024-03-02", 5],
    ["hour", "2021-12-31T22", "2022-01-01T01", 4],
  ];
  for (const [by, from, to, count] of ranges) {
    const partitions = expandPartitions({ by, from, to, values: [] }, NOW);
    expect(partitions.length).toBe(count);
    expect([partitions[0], partitions.at(-1)]).toEqual([from, to]);
    for (let at = 1; at < count; at++) {
      expect(periodBounds(by, partitions[at]).start).toBe(periodBounds(by, partitions[at - 1]).end);
    }
  }
});

Deno.test("expandPartitions counts back from the current period", () => {
  const range = (from: string, to: string) =>
    expandPartitions({ by: "month", from, to, values: [] }, NOW);
  expect(range("current-2", "current")).toEqual(["2026-01", "2026-02", "2026-03"]);
  expect(range("2026-02", "current-1")).toEqual(["2026-02"]);
  expect(range("current", "current-1")).toEqual([]);
});

Deno.test("fillTemplate puts periods in, coarser ones too, and leaves secrets alone", () => {
  const fill = (template: string) => fillTemplate(template, "day", "2021-02-03");
  expect(fill("{day}/{month}/{quarter}/{year}")).toBe("2021-02-03/2021-02/2021-Q1/2021");
  expect(fill("{day:yyyy}/{day:MM}/{day:d}_{day:yyyyMMdd}")).toBe("2021/02/3_20210203");
  expect(fill("{day:start} {day:end} {month:start} {month:end}")).toBe(
    "2021-02-03 2021-02-04 2021-02-01 2021-03-01",
  );
  expect(fill("${day} {hour} {base} {partition}")).toBe("${day} {hour} {base} 2021-02-03");
  expect(fillTemplate("{partition}.csv", "list", "north")).toBe("north.csv");
  expect(fillTemplate("{hour:start}", "hour", "2021-02-03T23")).toBe("2021-02-03 23:00:00");
});

Deno.test("placeholdersOf lists what a template refers to", () => {
  expect(placeholdersOf("a/{month:yyyy}/${TOKEN}/{base}")).toEqual([
    { text: "{month:yyyy}", name: "month", pattern: "yyyy", offset: 2 },
    { text: "{base}", name: "base", pattern: null, offset: 24 },
  ]);
});

Deno.test("expandPartitions refuses more partitions than anyone means", () => {
  const hours = (to: string) =>
    expandPartitions({ by: "hour", from: "2000-01-01T00", to, values: [] }, NOW);
  expect(hours("2011-05-29T15").length).toBe(MAX_PARTITIONS);
  expect(() => hours("2011-05-29T16")).toThrow("more than 100000 partitions");
  expect(() => hours("current")).toThrow('from "2000-01-01T00" to "current"');
});

Deno.test("placeholdersOf takes whatever stands in braces, so that nothing stays unfilled", () => {
  expect(placeholdersOf("{A1}{ x }{}{a b:c}$${d}").map(({ text }) => text))
    .toEqual(["{A1}", "{ x }", "{}", "{a b:c}"]);
});
