import { expect } from "packages/expect.ts";

const TESTS = new URL("../", import.meta.url);
const RANDOM = /\b(randomFrom|seeded|numbers)\((?!\d)|Math\.random\(|crypto\.getRandomValues\(/;

Deno.test("each random test takes its seed from SLUICE_SEED", async () => {
  const without: string[] = [];
  for await (const { path, text } of testFiles(TESTS, "tests/")) {
    // It has texts of forbidden code.
    if (path === "tests/architecture_test.ts") continue;
    if (RANDOM.test(text) && !/testSeed\(|"SLUICE_SEED"/.test(text)) without.push(path);
  }
  expect(without).toEqual([]);
});

async function* testFiles(
  folder: URL,
  prefix: string,
): AsyncGenerator<{ path: string; text: string }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* testFiles(new URL(`${name}/`, folder), `${prefix}${name}/`);
    else if (name.endsWith("_test.ts")) {
      yield { path: prefix + name, text: await Deno.readTextFile(new URL(name, folder)) };
    }
  }
}
