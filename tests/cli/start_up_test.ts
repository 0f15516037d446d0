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
  const main = new URL("../../src/main.ts", import.meta.url).href;
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
  const packages = [...reached].filter((specifier) => specifier.startsWith("npm:"))
    .map((specifier) => specifier.replace(/^npm:\/?(@?[^@]+).*/, "$1"));
  expect(packages.toSorted()).toEqual(["commander", "string-width"]);
  expect([...reached].filter((specifier) => /\/src\/(spec|run|source|rows|page)\//.test(specifier)))
    .toEqual([]);
  expect(reached.size).toBeLessThan(100);
});
