import { join } from "node:path";
import { measure } from "./measure.ts";
import type { Install, Peer, PeerTools } from "./peer.ts";

/** A peer, and the name of its file, which names its folder too. */
export interface KnownPeer {
  readonly id: string;
  readonly peer: Peer;
}

/** What `bench/peers/` holds, by name. */
export async function readPeers(): Promise<KnownPeer[]> {
  const folder = new URL("./peers/", import.meta.url);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  const peers: KnownPeer[] = [];
  for (const file of files) {
    const module: { default: Peer } = await import(new URL(file, folder).href);
    peers.push({ id: file.replace(/\.ts$/, ""), peer: module.default });
  }
  return peers;
}

/** Programs of a peer in the folder of peers. */
export function toolsOf({ id, peer: { install } }: KnownPeer, folder: string): PeerTools {
  // Debian's programs are on the PATH.
  if (install === null || "apt" in install) return { bin: (name) => name };
  return { bin: (name) => join(folder, id, placeOf(install, name)) };
}

function placeOf(install: Install, name: string): string {
  return "npm" in install ? `node_modules/.bin/${name}` : `bin/${name}`;
}

/** What a person types to install a peer; null where nothing is to be installed. */
export function howToInstall(install: Install | null): string | null {
  if (install === null) return null;
  if ("pip" in install) return `pip install ${install.pip.map(shellWord).join(" ")}`;
  if ("npm" in install) return `npm install ${install.npm.map(shellWord).join(" ")}`;
  if ("go" in install) return `go install ${install.go}`;
  return `apt-get install ${install.apt}`;
}

function shellWord(word: string): string {
  return /^[\w.=@/-]+$/.test(word) ? word : `'${word}'`;
}

/** The version that a peer tells; null where it is not installed, or not whole. */
export async function versionOf(known: KnownPeer, folder: string): Promise<string | null> {
  const { program, args } = known.peer.version(toolsOf(known, folder));
  try {
    const { code, stdout, stderr } = await measure(program, args);
    return code === 0 ? /\d+(\.\d+)+/.exec(stdout + stderr)?.[0] ?? null : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Installs a peer into its folder, or, with apt, on the machine.
 *
 * @throws Error with what the package manager says
 */
export async function installPeer({ id, peer }: KnownPeer, folder: string): Promise<void> {
  const { install } = peer;
  if (install === null) return;
  const own = join(folder, id);
  if ("apt" in install) return await must("apt-get", ["install", "--yes", install.apt], {});
  await must("mkdir", ["-p", own], {});
  if ("pip" in install) {
    await must("python3", ["-m", "venv", own], {});
    await must(join(own, "bin/pip"), ["install", "--quiet", ...install.pip], {});
  } else if ("npm" in install) {
    await must("npm", ["install", "--prefix", own, ...install.npm], {});
  } else {
    await must("go", ["install", install.go], { GOBIN: join(own, "bin") });
  }
}

async function must(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  const { code, stdout, stderr } = await measure(program, args, { env });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${(stderr || stdout).trim()}`);
}
