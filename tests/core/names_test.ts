import { expect } from "packages/expect.ts";
import {
  byteLength,
  childIndexName,
  parentIndexName,
  versionTableName,
} from "../../src/core/names.ts";

Deno.test("versionTableName tells table, partition and version", () => {
  expect(versionTableName("trips", "2021-01", 3)).toBe("trips__2021_01__v3");
  expect(versionTableName("trips", "2021-01-31T05", 1)).toBe("trips__2021_01_31T05__v1");
  expect(versionTableName("zones", null, 1)).toBe("zones__all__v1");
  expect(childIndexName("zones__all__v1", "key")).toBe("zones__all__v1_k");
  expect(childIndexName("zones__all__v1", 2)).toBe("zones__all__v1_i2");
  expect(parentIndexName("zones", ["a", "b"])).toBe("zones_a_b_idx");
  expect(parentIndexName("zones", "key")).toBe("zones_key");
});

Deno.test("versionTableName gives different partitions different names", () => {
  const partitions = ["a b", "a-b", "a_b", "ä", "ö", "2021-01", "2021_01", "2021 01"];
  const names = partitions.map((partition) => versionTableName("t", partition, 1));
  expect(new Set(names).size).toBe(partitions.length);
});

Deno.test("byteLength counts bytes, not characters", () => {
  expect(byteLength("zürich")).toBe(7);
});
