import { expect } from "expect";
import config from "../../deno.json" with { type: "json" };

interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      readonly code?: { readonly specifier?: string };
    }[];
  }[];
}

Deno.test("the command line starts without what only some command needs", async () => {
  // Else Deno reads whatever any command may import before the first one runs.
  expect(config.unstable).toContain("lazy-dynamic-imports");
  const reached = await reachedFrom(new URL("../../src/main.ts", import.meta.url).href);
  const packages = reached.filter((specifier) => specifier.startsWith("npm:"))
    .map((specifier) => specifier.replace(/^npm:\/?(@?[^@]+).*/, "$1"));
  expect(packages.toSorted()).toEqual(["commander", "fast-string-width", "fast-wrap-ansi"]);
  expect(reached.filter((specifier) => /\/src\/(spec|run|source|rows|page)\//.test(specifier)))
    .toEqual([]);
  // Each command has a file for its arguments and help.
  expect(reached.filter((each) => !each.includes("/cli/commands/")).length).toBeLessThan(85);
});

/** What a module imports, and what those import, but for imports that wait. */
async function reachedFrom(main: string): Promise<readonly string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", main],
    stderr: "null",
  }).output();
  const { modules }: Info = JSON.parse(new TextDecoder().decode(stdout));
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const reached = new Set([main]);
  for (const specifier of reached) {
    for (const { isDynamic, code } of known.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier !== undefined) reached.add(code.specifier);
    }
  }
  return [...reached];
}

Deno.test("a load reads no package of a server or compression that it does not need", async () => {
  const start = new URL("../../src/source/open.ts", import.meta.url).href;
  const packages = (await reachedFrom(start)).filter((specifier) => specifier.startsWith("npm:"));
  expect(
    packages.filter((specifier) => /ssh2|xz-decompress|minizlib|unbzip2|hyparquet/.test(specifier)),
  ).toEqual([]);
});
