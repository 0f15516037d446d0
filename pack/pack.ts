import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { bundle } from "./bundle.ts";
import { commandFlags, type TaskConfig } from "./tasks.ts";

// `deno task pack`: builds the npm package in dist/npm, and its tarball in dist.

/** The oldest Deno of the machine that may run the package. */
const OLDEST_DENO = "2.9.0";

/** What Node and npm must be for the launcher. */
const ENGINES = { node: ">=18.17" };

/** Each package with its exact version; what else `deno.json` maps is of the tests. */
const PACKAGES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(config.imports).filter(([, specifier]) => specifier.startsWith("npm:")),
);

/** Where things are put. */
export interface Packed {
  /** The package as it is published. */
  readonly folder: string;
  /** What `npm pack` made of it. */
  readonly tarball: string;
}

/**
 * Builds the npm package.
 *
 * @param to a folder of our own; what is in it is replaced
 */
export async function pack(to: string): Promise<Packed> {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const folder = join(to, "npm");
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(join(folder, "bin"), { recursive: true });
  const { packages } = await bundle(root, join(folder, "lib"), Object.keys(PACKAGES));
  const files: Record<string, string> = {
    LICENSE: await Deno.readTextFile(join(root, "LICENSE")),
    "README.md": await Deno.readTextFile(join(root, "pack", "README.md")),
    "bin/sluice.js": await Deno.readTextFile(join(root, "pack", "launcher.js")),
    "bin/launch.json": json(launchTable()),
    "package.json": json(manifest(packages)),
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  await Deno.chmod(join(folder, "bin", "sluice.js"), 0o755).catch(() => {
    // Windows has no such bits, and npm sets them where it unpacks.
  });
  return { folder, tarball: await makeTarball(folder, to) };
}

/** What the launcher reads: how Deno starts each command. */
export function launchTable() {
  return {
    oldestDeno: OLDEST_DENO,
    // Packages are where npm put them; nothing is fetched, and no file of the user's counts.
    always: ["--no-config", "--node-modules-dir=manual", "--cached-only"],
    ...commandFlags(config as unknown as TaskConfig),
  };
}

function manifest(packages: readonly string[]) {
  const exact = (name: string) => PACKAGES[name].slice(`npm:${name}@`.length);
  return {
    name: config.name,
    version: config.version,
    description: "Load files into Postgres, as a YAML file says: typed, checked, published in " +
      "one step",
    license: config.license,
    type: "module",
    bin: { sluice: "bin/sluice.js" },
    files: ["bin", "lib"],
    engines: ENGINES,
    dependencies: {
      ...Object.fromEntries(packages.map((name) => [name, exact(name)])),
      // The one that this was built and tested with.
      deno: Deno.version.deno,
    },
  };
}

async function makeTarball(folder: string, to: string): Promise<string> {
  const windows = Deno.build.os === "windows";
  const npm = windows ? ["cmd", "/c", "npm"] : ["npm"];
  const [program, ...before] = npm;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...before, "pack", "--json", "--ignore-scripts", "--pack-destination", to, folder],
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(text.decode(stderr));
  const said = JSON.parse(text.decode(stdout));
  // A list, and from npm 11 on an object by package.
  const [{ filename }] = Object.values(said) as { filename: string }[];
  return join(to, filename);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (import.meta.main) {
  const { tarball } = await pack(join(Deno.cwd(), "dist"));
  console.log(`${tarball}\n\nInstall it: npm install -g --ignore-scripts ${tarball}`);
}
