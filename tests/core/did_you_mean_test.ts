import { expect } from "packages/expect.ts";
import { didYouMean, editDistance } from "../../src/core/did_you_mean.ts";

Deno.test("editDistance counts insertions, deletions, substitutions and swaps", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["type", "", 4],
    ["type", "type", 0],
    ["tpye", "type", 1],
    ["typ", "type", 1],
    ["typpe", "type", 1],
    ["kitten", "sitting", 3],
    ["requried", "required", 1],
  ];
  for (const [a, b, distance] of cases) {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  }
});

Deno.test("didYouMean finds the nearest word, and none for what is far or short", () => {
  const words = ["from", "format", "type", "to", "timezone"];
  expect(didYouMean("form", words)).toBe("from");
  expect(didYouMean("fromat", words)).toBe("format");
  expect(didYouMean("TYPE", words)).toBe("type");
  expect(didYouMean("time_zone", words)).toBe("timezone");
  expect(didYouMean("typos", words)).toBe("type");
  expect(didYouMean("column", words)).toBeNull();
  expect(didYouMean("ot", words)).toBeNull();
  expect(didYouMean("x", [])).toBeNull();
});
