/** Levels and numbers of dictionaries, as Parquet stores them. */
import { expect } from "packages/expect.ts";
import {
  HybridNumbers,
  HybridWindow,
  onlyNumber,
  readHybrid,
  readHybridBytes,
} from "../../../src/source/formats/parquet/hybrid.ts";
import { randomFrom, testSeed } from "../support.ts";

interface Run {
  readonly values: readonly number[];
  readonly isPacked: boolean;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push(value % 128 | 0x80);
  return [...bytes, value];
}

function bytesOf(runs: readonly Run[], width: number): Uint8Array {
  return Uint8Array.from(runs.flatMap(({ values, isPacked }) => {
    if (!isPacked) {
      const number = Array.from(
        { length: Math.ceil(width / 8) },
        (_, i) => values[0] >> i * 8 & 255,
      );
      return [...varint(values.length * 2), ...number];
    }
    const bits = values.flatMap((value) => Array.from({ length: width }, (_, i) => value >> i & 1));
    const bytes = Array.from(
      { length: bits.length / 8 },
      (_, at) => bits.slice(at * 8, at * 8 + 8).reduce((sum, bit, i) => sum | bit << i, 0),
    );
    return [...varint(values.length / 8 * 2 + 1), ...bytes];
  }));
}

Deno.test("parquet: runs and packed numbers are read, with the largest of those that count", () => {
  const random = randomFrom(testSeed());
  const below = (most: number) => Math.floor(random() * most);
  for (let round = 0; round < 2000; round++) {
    const width = below(18);
    const runs = Array.from({ length: 1 + below(4) }, (): Run => {
      const isPacked = random() < 0.5;
      const length = isPacked ? 8 * (1 + below(4)) : 1 + below(40);
      const same = below(2 ** width);
      return {
        isPacked,
        values: Array.from({ length }, () => isPacked ? below(2 ** width) : same),
      };
    });
    const all = runs.flatMap(({ values }) => values);
    const count = below(all.length + 1);
    const bytes = bytesOf(runs, width);
    // What was there before is written over.
    const out = new Int32Array(count).fill(-7);
    const expected = all.slice(0, count);
    expect(readHybrid(bytes, 0, bytes.length, width, out, count)).toBe(Math.max(-1, ...expected));
    expect([...out]).toEqual(expected);
    // Looked at in parts, some of them twice, they are the same.
    const numbers = new HybridNumbers(bytes, 0, bytes.length, width, count);
    const window = new HybridWindow(numbers, count);
    let largest = -1;
    for (let from = 0; from < count;) {
      const to = Math.min(count, from + below(30));
      largest = Math.max(largest, window.seek(from, to));
      const seen = window.numbers.slice(0, to - from);
      expect([...seen]).toEqual(expected.slice(from, to));
      expect(window.holds(to - 1) && !window.holds(count)).toBe(true);
      from += below(to - from + 1);
    }
    if (count > 0) expect(largest).toBeLessThanOrEqual(Math.max(...expected));
    expect(window.seek(window.from, count)).toBeLessThanOrEqual(Math.max(-1, ...expected));
    expect([...window.numbers.slice(0, count - window.from)]).toEqual(expected.slice(window.from));
    // What it says is never another number; one run is told.
    const only = onlyNumber(bytes, 0, bytes.length, width, count);
    if (only !== null) expect(new Set(expected).difference(new Set([only])).size).toBe(0);
    if (!runs[0].isPacked && count <= runs[0].values.length) expect(only).toBe(all[0]);
    // Cut anywhere before it has said so, it says nothing.
    for (let end = 0; end < bytes.length; end++) {
      const cut = onlyNumber(bytes, 0, end, width, count);
      if (cut !== null) expect(cut).toBe(all[0]);
    }
  }
});

Deno.test("parquet: numbers of no bits are zeros, however many bytes follow", () => {
  for (let more = 0; more < 12; more++) {
    const bytes = new Uint8Array([3, ...new Uint8Array(more).fill(255)]);
    const out = new Int32Array(8).fill(-7);
    expect(readHybrid(bytes, 0, bytes.length, 0, out, 8)).toBe(0);
    expect([...out]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  }
});

Deno.test("parquet: levels are read as the numbers that they are", () => {
  const levels = new Uint8Array(11).fill(9);
  expect(readHybridBytes(new Uint8Array([3, 0b10110001, 6, 1]), 0, 4, 1, levels)).toBe(1);
  expect([...levels]).toEqual([1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1]);
});
