/** Files of other writers, each with one thing that few files have, and what is in them. */
import { expect } from "packages/expect.ts";
import { SluiceError } from "../../../src/core/error.ts";
import { readRows } from "./read_rows.ts";

const FOLDER = new URL("../../../../shared/data/parquet/", import.meta.url);

/** What cannot be read, and the code that says so. */
const REFUSED: readonly (readonly [name: RegExp, code: string])[] = [
  [/^shredded-/, "source/parquet_not_available"],
];

/** A value of ours beside the one expected, which lost digits and has dates in another form. */
function isEqual(ours: unknown, expected: unknown): boolean {
  // An empty list and what is no number are null there.
  if (expected === null || expected === undefined) {
    return ours === null || ours === "NaN" || Array.isArray(ours) && ours.length === 0;
  }
  if (Array.isArray(expected) && typeof ours === "string") {
    return new TextEncoder().encode(ours).every((byte, at) => byte === expected[at]);
  }
  if (Array.isArray(expected)) {
    return Array.isArray(ours) && ours.length === expected.length &&
      expected.every((each, at) => isEqual(ours[at], each));
  }
  if (typeof expected === "object") {
    // A shape is the bytes that it is stored as.
    if ("coordinates" in expected || "geometries" in expected) return typeof ours === "string";
    if (typeof ours !== "object" || ours === null) return false;
    const names = new Set([...Object.keys(expected), ...Object.keys(ours)]);
    return [...names].every((name) =>
      isEqual(
        (ours as Record<string, unknown>)[name] ?? null,
        (expected as Record<string, unknown>)[name],
      )
    );
  }
  if (typeof expected === "number" && typeof ours === "number") {
    return Math.abs(ours - expected) <= Math.abs(expected) * 1e-9;
  }
  if (typeof expected === "string" && /^\+?\d{4,6}-\d\d-\d\dT/.test(expected)) {
    const iso = String(ours).replace(" ", "T").replace(/\+00$/, "").replace(/^\d{5}-/, "+0$&");
    return new Date(`${iso}Z`).getTime() === new Date(expected).getTime();
  }
  return ours === expected;
}

const names = await (async () => {
  try {
    return (await Array.fromAsync(Deno.readDir(FOLDER))).map(({ name }) => name)
      .filter((name) => name.endsWith(".parquet")).sort();
  } catch {
    console.log("skipped: ../shared/data/parquet is absent");
    return [];
  }
})();

for (const name of names) {
  Deno.test(`parquet: ${name} has the rows that it should, or is refused with the reason`, async () => {
    const bytes = await Deno.readFile(new URL(name, FOLDER));
    const refused = REFUSED.find(([pattern]) => pattern.test(name));
    if (refused !== undefined) {
      const error = await readRows(bytes).then(() => null, (error) => error);
      expect(error).toBeInstanceOf(SluiceError);
      expect(error.code).toBe(refused[1]);
      return;
    }
    const text = await Deno.readTextFile(new URL(name.replace(/parquet$/, "json"), FOLDER));
    const expected = JSON.parse(text) as unknown[][];
    const rows = (await readRows(bytes)).map((row) => Object.values(JSON.parse(row)));
    expect(rows.length).toBe(expected.length);
    rows.forEach((row, r) => {
      const want = Array.isArray(expected[r]) ? expected[r] : Object.values(expected[r]);
      row.forEach((value, c) => {
        if (!isEqual(value, want[c])) {
          throw new Error(
            `row ${r}, field ${c}: ${JSON.stringify(value)} is not ${JSON.stringify(want[c])}`,
          );
        }
      });
    });
  });
}
