import { expect } from "packages/expect.ts";
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
  const reached = await reachedFrom(source("main.ts"));
  expect(packagesOf(reached)).toEqual(["commander", "fast-string-width", "fast-wrap-ansi"]);
  expect(reached.filter((specifier) => /\/src\/(spec|run|source|rows|page)\//.test(specifier)))
    .toEqual([]);
  // Each command has a file for its arguments and help.
  expect(reached.filter((each) => !each.includes("/cli/commands/")).length).toBeLessThan(75);
});

/** What modules import, and what those import, but for imports that wait. */
async function reachedFrom(...starts: readonly string[]): Promise<readonly string[]> {
  const known = await modulesOf(...starts);
  const reached = new Set(starts);
  for (const specifier of reached) {
    for (const { isDynamic, code } of known.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier !== undefined) reached.add(code.specifier);
    }
  }
  return [...reached];
}

/** The names of the packages among them. */
function packagesOf(specifiers: readonly string[]): readonly string[] {
  return specifiers.filter((specifier) => specifier.startsWith("npm:"))
    .map((specifier) => specifier.replace(/^npm:\/?(@?[^@]+).*/, "$1")).toSorted();
}

async function modulesOf(...starts: readonly string[]) {
  const known = new Map<string, Info["modules"][number]>();
  for (const start of starts) {
    if (known.has(start)) continue;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", start],
      stderr: "null",
    }).output();
    const { modules }: Info = JSON.parse(new TextDecoder().decode(stdout));
    for (const module of modules) known.set(module.specifier, module);
  }
  return known;
}

const source = (path: string) => new URL(`../../src/${path}`, import.meta.url).href;

/** What `plan` and an unchanged `run` wait for, beyond the command line; `cli/services.ts`. */
const LATER = ["spec/read_spec.ts", "db/connection/connect.ts", "db/embedded/mod.ts"];

/** All packages that `plan`, and a run with nothing to do, wait for, whatever the source is. */
const PACKAGES = ["commander", "fast-string-width", "fast-wrap-ansi", "postgres", "yaml", "zod"];

Deno.test("validate reads nothing of what looks at a database or a source", async () => {
  const reached = await reachedFrom(source("main.ts"), source("spec/read_spec.ts"));
  expect(packagesOf(reached)).toEqual(PACKAGES.filter((name) => name !== "postgres"));
  expect(reached.filter((each) => /\/src\/(db\/connection|plan|run|source)\//.test(each))).toEqual([
    source("db/connection/connection_parameters.ts"),
  ]);
  expect(reached.length).toBeLessThan(190);
});

Deno.test("plan, and a run with nothing to do, read nothing of what loads", async () => {
  const main = source("main.ts");
  for (
    const [command, start, most] of [["plan", "run/gather.ts", 370], [
      "run",
      "run/mod.ts",
      395,
    ]] as const
  ) {
    const reached = await reachedFrom(main, ...[...LATER, start].map(source));
    expect({ command, packages: packagesOf(reached) }).toEqual({ command, packages: PACKAGES });
    expect({
      command,
      loads: reached.filter((each) =>
        /\/src\/(load|rows|source\/(formats|codecs|encodings|transports\/(?!mod)))\//.test(each)
      ),
    }).toEqual({ command, loads: [] });
    expect(reached.length).toBeLessThan(most);
    expect(reached.length).toBeGreaterThan(300);
  }
});

Deno.test("a package is imported by one module of what a command waits for", async () => {
  const starts = [...LATER, "run/mod.ts", "run/partition/attempts.ts"].map(source);
  const known = await modulesOf(source("main.ts"));
  const importers = new Map<string, string[]>();
  for (const specifier of await reachedFrom(...starts)) {
    const packages = (known.get(specifier)?.dependencies ?? [])
      .flatMap(({ code }) => code?.specifier?.startsWith("npm:") ? [code.specifier] : []);
    for (const each of new Set(packages)) {
      importers.set(each, [...importers.get(each) ?? [], specifier]);
    }
  }
  expect(importers.size).toBeGreaterThan(5);
  // Deno looks through all installed packages once for each; see `src/spec/zod.ts`.
  expect([...importers.values()].filter(({ length }) => length > 1)).toEqual([]);
});

Deno.test("a load reads no package of a server or compression that it does not need", async () => {
  const packages = (await reachedFrom(source("source/open.ts"))).filter((specifier) =>
    specifier.startsWith("npm:")
  );
  expect(
    packages.filter((specifier) => /ssh2|xz-decompress|minizlib|unbzip2|hyparquet/.test(specifier)),
  ).toEqual([]);
});
