import { expect } from "packages/expect.ts";
import { dirname, join } from "node:path";
import { runCli } from "../../src/cli/run_cli.ts";
import { testCli } from "./support.ts";

const SCHEMA = "schemas/pipeline.schema.json";

/** What is there, the file that init writes, and where the file says the schema is. */
const CASES: readonly (readonly [string, readonly string[], string, string | null])[] = [
  ["in the folder above", [`a/${SCHEMA}`], "a/pipelines/x.yaml", `../${SCHEMA}`],
  ["beside it", [`a/${SCHEMA}`], "a/x.yaml", `./${SCHEMA}`],
  ["far above", [SCHEMA], "a/b/c/x.yaml", `../../../${SCHEMA}`],
  ["the nearest of two", [SCHEMA, `a/${SCHEMA}`], "a/b/x.yaml", `../${SCHEMA}`],
  ["in the root of a repository", [`a/.git/HEAD`, `a/${SCHEMA}`], "a/b/x.yaml", `../${SCHEMA}`],
  ["outside of a repository", [SCHEMA, `a/.git/HEAD`], "a/b/x.yaml", null],
  ["outside of a work tree", [SCHEMA, `a/.git`], "a/b/x.yaml", null],
  ["a file schemas", ["a/schemas"], "a/b/x.yaml", null],
  ["nowhere", [".git/HEAD"], "a/x.yaml", null],
];

for (const [name, there, file, address] of CASES) {
  Deno.test(`init -o tells the editor where the schema is: ${name}`, async () => {
    using test = testCli({ draftPipeline: () => Promise.resolve("pipeline: x\n") }, {
      files: { "data.csv": "a\n1\n" },
    });
    for (const path of [".git/HEAD", ...there]) {
      Deno.mkdirSync(join(test.folder, dirname(path)), { recursive: true });
      Deno.writeTextFileSync(join(test.folder, path), "");
    }
    Deno.mkdirSync(join(test.folder, dirname(file)), { recursive: true });
    expect(await runCli(["init", "data.csv", "-o", file], test.cli)).toBe(0);
    const line = address === null ? "" : `# yaml-language-server: $schema=${address}\n`;
    expect(Deno.readTextFileSync(join(test.folder, file))).toBe(`${line}pipeline: x\n`);
  });
}
