import { expect } from "packages/expect.ts";
import { typedBefore } from "../../src/cli/typed.ts";

const CASES: readonly (readonly [string, Record<string, string>, string])[] = [
  ["in the image, or by deno run", {}, "sluice"],
  ["deno task", { INIT_CWD: "/p" }, "deno task"],
  ["npx -y deno task", { INIT_CWD: "/p", npm_lifecycle_event: "npx" }, "npx -y deno task"],
  ["a script of npm that starts a task", { INIT_CWD: "/p", npm_lifecycle_event: "x" }, "deno task"],
  ["the package", { SLUICE_TYPED: "sluice" }, "sluice"],
  ["npx of the package", {
    SLUICE_TYPED: "npx sluice",
    INIT_CWD: "/p",
    npm_lifecycle_event: "npx",
  }, "npx sluice"],
  ["the command of a checkout, in a task of the user's", {
    SLUICE_TYPED: "sluice",
    INIT_CWD: "/p",
  }, "sluice"],
  ["no folder", { INIT_CWD: "" }, "sluice"],
  ["an empty variable", { SLUICE_TYPED: "", INIT_CWD: "/p" }, "deno task"],
];

for (const [name, variables, typed] of CASES) {
  Deno.test(`what was typed before the command: ${name}`, () => {
    expect(typedBefore(variables)).toBe(typed);
  });
}
