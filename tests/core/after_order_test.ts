import { expect } from "packages/expect.ts";
import { afterOrder, type Waiting } from "../../src/core/after_order.ts";
import { testSeed } from "../support/seed.ts";

/** Numbers in [0, 1), the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, at: random() })).sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

const names = (items: readonly Waiting[] | null) => items?.map(({ pipeline }) => pipeline);

Deno.test("afterOrder() puts each behind those it waits for, whatever their order was", () => {
  const seed = testSeed();
  const random = numbers(seed);
  for (let round = 0; round < 300; round++) {
    const count = 1 + Math.floor(random() * 12);
    const all = Array.from({ length: count }, (_, i): Waiting => ({
      pipeline: `p${i}`,
      after: [
        "elsewhere",
        ...Array.from({ length: i }, (_, k) => `p${k}`).filter(() => random() < 0.3),
      ],
    }));
    const { ordered, cycle } = afterOrder(shuffled(all, random));
    expect(cycle).toBe(null);
    expect(names(ordered)!.toSorted()).toEqual(names(all)!.toSorted());
    ordered!.forEach(({ after }, at) => {
      const before = names(ordered)!.slice(0, at);
      expect(before).toEqual(expect.arrayContaining(after!.filter((name) => name !== "elsewhere")));
    });
    // One that waits the other way around closes a circle.
    const back = Math.floor(random() * count);
    const chain = all.map((each, i) => ({
      ...each,
      after: i === 0 ? [`p${count - 1}`] : [...each.after!, `p${i - 1}`],
    }));
    const closed = afterOrder(shuffled(chain, random));
    expect({ round, back, ordered: closed.ordered }).toEqual({ round, back, ordered: null });
    const circle = closed.cycle!;
    circle.forEach(({ after }, at) =>
      expect(after).toContain(circle[(at + circle.length - 1) % circle.length].pipeline)
    );
  }
});

Deno.test("afterOrder() keeps the order of what does not wait", () => {
  const { ordered } = afterOrder([
    { pipeline: "c", after: ["b"] },
    { pipeline: "z" },
    { pipeline: "a", after: [] },
    { pipeline: "b" },
  ]);
  expect(names(ordered)).toEqual(["z", "a", "b", "c"]);
});
