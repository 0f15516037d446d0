import { expect } from "packages/expect.ts";
import { choosePartitions } from "../../src/plan/choose_partitions.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { specOf } from "../support/pipeline.ts";

const NOW = new Date("2021-03-15T00:00:00Z");

const yaml = (partitions: string, url: string) => `
pipeline: trips
${partitions}
source: { url: "${url}" }
target: { table: shop.trips }
columns: { id: integer }
`;

const MONTHS = specOf(
  yaml("partitions: { by: month, from: 2021-01, to: current }", "{month}.csv"),
  "/data",
);
const LIST = specOf(
  yaml("partitions: { by: list, values: [north, south] }", "{partition}.csv"),
  "/data",
);
const WHOLE = specOf(yaml("", "all.csv"), "/data");

type Choice = Partial<Parameters<typeof choosePartitions>[1]>;

const choose = (spec: PipelineSpec, choice: Choice = {}) =>
  choosePartitions(spec, { partitions: [], ...choice }, NOW);

function refusal(spec: PipelineSpec, choice: Choice): string {
  try {
    choose(spec, choice);
  } catch (error) {
    return (error as { code: string }).code;
  }
  throw new Error("it was accepted");
}

Deno.test("choosePartitions takes the pipeline's own, or those asked for, each once", () => {
  expect(choose(MONTHS)).toEqual(["2021-01", "2021-02", "2021-03"]);
  expect(choose(MONTHS, { from: "2020-12", to: "current-1" })).toEqual([
    "2020-12",
    "2021-01",
    "2021-02",
  ]);
  expect(choose(MONTHS, { partitions: ["2019-05", "2019-05"] })).toEqual(["2019-05"]);
  expect(choose(LIST)).toEqual(["north", "south"]);
  expect(choose(LIST, { partitions: ["south"] })).toEqual(["south"]);
  expect(choose(WHOLE)).toEqual([null]);
});

Deno.test("choosePartitions refuses what is no partition of the pipeline", () => {
  expect(refusal(WHOLE, { partitions: ["2021-01"] })).toBe("cli/no_partitions");
  expect(refusal(MONTHS, { from: "2021-03", to: "2021-01" })).toBe("cli/no_partitions");
  expect(refusal(MONTHS, { partitions: ["2021-13"] })).toBe("cli/unknown_partition");
  expect(refusal(MONTHS, { from: "yesterday" })).toBe("cli/unknown_partition");
  expect(refusal(LIST, { partitions: ["east"] })).toBe("cli/unknown_partition");
  expect(refusal(LIST, { from: "north" })).toBe("cli/no_range");
});
