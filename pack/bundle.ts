import { join, relative } from "node:path";

/** Bundled code. */
export interface Bundle {
  /** Names of the packages that it imports. */
  readonly packages: readonly string[];
}

/** A thread's module as the code names it: a path beside the file that starts the thread. */
const THREAD = /new URL\("([^"]+)\.ts", import\.meta\.url\)/g;

const IMPORT = /\b(?:from|import|import\(|import\.meta\.resolve\()\s*"([^"]+)"/g;

/**
 * Bundles `src/` into JavaScript: `main.js`, a module for each thread, and chunks that are read
 * when they are needed, as the imports in the source wait. Packages stay imports.
 *
 * @param root the project's folder
 * @param to an empty folder
 */
export async function bundle(
  root: string,
  to: string,
  packages: readonly string[],
): Promise<Bundle> {
  const source = join(root, "src");
  const threads = threadsOf(source);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: [
      "bundle",
      "-q",
      "--platform=deno",
      "--code-splitting",
      `--outdir=${to}`,
      ...packages.flatMap((name) => [`--external=${name}`, `--external=${name}/*`]),
      join(source, "main.ts"),
      ...threads,
    ],
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const bundled = new Map(threads.map((path) => {
    const module = relative(source, path).replaceAll("\\", "/").replace(/\.ts$/, "");
    return [module.split("/").at(-1), module];
  }));
  const used = new Set<string>();
  for (const path of filesIn(to)) {
    const text = Deno.readTextFileSync(path);
    // What starts a thread is in a chunk, and those lie side by side above the threads' modules.
    Deno.writeTextFileSync(
      path,
      text.replaceAll(
        THREAD,
        (_, name) => `new URL("./${bundled.get(name.split("/").at(-1))}.js", import.meta.url)`,
      ),
    );
    for (const [, specifier] of text.matchAll(IMPORT)) {
      const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
      if (packages.includes(name)) used.add(name);
    }
  }
  return { packages: [...used].toSorted() };
}

/** The modules that run as threads: no import leads to them. */
function threadsOf(source: string): string[] {
  const found = filesIn(source).filter((path) => /\.tsx?$/.test(path)).flatMap((path) =>
    [...Deno.readTextFileSync(path).matchAll(THREAD)].map(([, name]) =>
      join(path, "..", `${name}.ts`)
    )
  );
  return [...new Set(found)];
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(join(folder, name)) : [join(folder, name)]
  );
}
