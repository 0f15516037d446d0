import { expect } from "packages/expect.ts";
import { load } from "./support.ts";

const CODES: [string, string | null][] = [
  ["-", null],
  ["/dev/stdin", null],
  ["/dev/fd/0", "spec/wrong_value"],
  ["/proc/self/fd/3", "spec/wrong_value"],
  ["file:///dev/stdin", null],
  ["file://in.csv", "spec/wrong_value"],
  ["file://data/in.csv", "spec/wrong_value"],
  ["file:in.csv", "spec/wrong_value"],
  ["file:./in.csv", "spec/wrong_value"],
  ["FILE://In.csv", "spec/wrong_value"],
  ["file:/data/in.csv", null],
  ["file:///data/in.csv", null],
  ["file://localhost/data/in.csv", null],
  ["./-", null],
  ["part-*.csv", null],
  ["data/a b.csv", null],
];

Deno.test("an address that is an open file, or a file URL with a host, is told", () => {
  for (const [url, code] of CODES) {
    const { diagnostics } = load(
      `pipeline: a\nsource: { url: ${JSON.stringify(url)}, format: csv }\n` +
        "target: { table: s.t }\ncolumns: { id: bigint }\n",
    );
    expect([url, diagnostics[0]?.code ?? null]).toEqual([url, code]);
    expect(diagnostics.length).toBe(code === null ? 0 : 1);
  }
});
