import { expect } from "packages/expect.ts";
import { lockCautions, type LockInput } from "../../src/plan/lock_room.ts";

const PLENTY: LockInput = { room: 6400, indexes: 2, altered: 0, together: true, loading: [] };

function loading(count: number, replaces: boolean): LockInput["loading"] {
  const live = { version: 1, table: { schema: "s", table: "t" } };
  return Array.from({ length: count }, () => ({ replaces: replaces ? live : null }));
}

const CASES: readonly (readonly [string, Partial<LockInput>, readonly string[]])[] = [
  ["a few hundred fit", { loading: loading(800, true) }, []],
  ["each by itself", { together: false, loading: loading(10_000, true) }, []],
  ["new ones take half as many", { loading: loading(1700, false) }, []],
  [
    "thousands do not fit",
    { loading: loading(10_000, true) },
    ["Publishing 10,000 partitions together takes about 60,000 locks"],
  ],
  [
    "columns of all of them",
    { together: false, altered: 10_000, loading: loading(1, true) },
    ["Changing the columns of 10,000 partitions takes about 30,000 locks"],
  ],
  ["nobody knows the server", { room: null, loading: loading(10_000, true) }, []],
];

for (const [name, input, told] of CASES) {
  Deno.test(`locks: ${name}`, () => {
    const cautions = lockCautions({ ...PLENTY, ...input });
    expect(cautions.map((text) => text.split(" in one transaction")[0])).toEqual(told);
    for (const caution of cautions) expect(caution).toMatch(/raise it at least \d+ times/);
  });
}
