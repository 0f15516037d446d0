import { expect } from "packages/expect.ts";
import { BROKEN, renderFaults } from "./write_goldens.ts";

const NAMES = [...Deno.readDirSync(BROKEN)]
  .map(({ name }) => name)
  .filter((name) => name.endsWith(".in"))
  .map((name) => name.slice(0, -".in".length))
  .sort();

for (const name of NAMES) {
  Deno.test(`renderDiagnostic says all of tests/spec/broken/${name}.in`, () => {
    expect(renderFaults(name))
      .toBe(Deno.readTextFileSync(new URL(`${name}.out`, BROKEN)));
  });
}
