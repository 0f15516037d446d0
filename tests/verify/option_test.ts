import { Command } from "commander";
import { expect } from "packages/expect.ts";
import { addRunOptions, type RunFlags, runOptionsOf } from "../../src/cli/options.ts";

Deno.test("--verify asks for it, and without it the pipeline decides", () => {
  const options = (...args: string[]) =>
    runOptionsOf(addRunOptions(new Command()).parse(args, { from: "user" }).opts<RunFlags>());
  expect(options("--verify").verify).toBe(true);
  expect(options()).not.toHaveProperty("verify");
});
