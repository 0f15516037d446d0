// Slow: thousands of files, each read as a whole.
import { expect } from "packages/expect.ts";
import { renderDiagnostic } from "../../src/core/render_diagnostic.ts";
import { load, MONTHS } from "./support.ts";
import { rounds } from "../support/rounds.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? 1 + Math.floor(Math.random() * 2_147_483_645));
const ROUNDS = rounds(200, "SLUICE_FUZZ_ROUNDS");

const FILE = `${MONTHS}rules:
  late: { check: "at >= {month:start}", on_fail: warn, limit: 1% }
checks:
  - row_count: { min: 1, change: 50% }
  - unique: [id]
  - range: { column: at, max: "{month:end}", severity: warn }
  - sql: { name: a, query: "select count(*) from {staging}", expect: 0 }
`;

/** What YAML, the placeholders and JavaScript itself take for more than text. */
const PIECES = [
  ..."{ } [ ] \n \" ' # | > ~ \t \0 \ufeff \ud800 ? % \r , ! @ `".split(" "),
  ...[": ", "  ", "- ", "&a ", "*a", "<<: *a", "!!int ", "!x ", "? ", "null", "0x", "-1", "1e999"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "99999"],
  ...["current-9999999", "${X}", "{month:", "{}", "{:}", "--- ", "...\n", "%YAML 1.1\n---\n"],
];

Deno.test(`no mutation of a file makes loadSpec throw, or mark what is not there (SLUICE_SEED=${SEED})`, () => {
  let seed = SEED;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const lines = FILE.split("\n");
  for (let round = 0; round < ROUNDS; round++) {
    let text = FILE;
    for (let edit = random(4); edit >= 0; edit--) {
      const at = random(text.length + 1);
      const kind = random(4);
      const piece = kind === 3
        ? `\n${lines[random(lines.length)]}\n`
        : PIECES[random(PIECES.length)];
      text = text.slice(0, at) + (kind === 0 ? "" : piece) +
        text.slice(at + (kind === 1 ? 0 : random(8)));
    }
    const { spec, diagnostics } = load(text);
    // A spec may have warnings.
    expect(spec === null).toBe(diagnostics.some(({ severity }) => severity === "error"));
    const seen = text.replace(/^\ufeff/, "").split(/\r?\n/);
    for (const diagnostic of diagnostics) {
      expect(diagnostic.start.offset).toBeLessThanOrEqual(diagnostic.end.offset);
      expect(seen[diagnostic.start.line - 1]).toBe(diagnostic.source);
      renderDiagnostic(diagnostic);
    }
  }
});
