import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { commandFlags, type TaskConfig } from "./tasks.ts";

// `deno task install`: puts `sluice` where `deno install --global` puts commands.

/** In each script of ours, so that nothing else is written over. */
const MARK = "Written by deno task install of Sluice";

/** What a script starts. */
export interface Target {
  /** The Deno that runs it, as long as it is there; then the one of the PATH. */
  readonly deno: string;
  /** The checkout. */
  readonly root: string;
}

/** The command for a shell of Linux or macOS. */
export function shellScript({ deno, root }: Target): string {
  const { commands, others } = commandFlags(config as unknown as TaskConfig);
  const cases = Object.entries(commands).map(([name, flags]) =>
    `  ${name}) flags='${flags.join(" ")}' ;;\n`
  );
  return `#!/bin/sh
# ${MARK}: each command has the permissions of its task.
case "\${1-}" in
${cases.join("")}  *) flags='${others.join(" ")}' ;;
esac
root=${quoted(root)}
# Packages newer than what locks them: Deno need not look through all of them at each start.
if [ "$root/node_modules/.deno/.setup-cache.bin" -nt "$root/deno.lock" ]; then
  flags="--node-modules-dir=manual $flags"
fi
deno=${quoted(deno)}
[ -x "$deno" ] || deno=deno
export SLUICE_TYPED=sluice
set -f
for flag in \${SLUICE_DENO_FLAGS-}; do
  case "$flag" in
  --*) flags="$flags $flag" ;;
  *)
    echo "error: \"$flag\" in SLUICE_DENO_FLAGS is no flag of Deno" >&2
    echo "  hint: Write flags with their values behind =, such as --allow-write=/var/log/sluice" >&2
    exit 2
    ;;
  esac
done
exec "$deno" run --config "$root/deno.json" --frozen $flags "$root/src/main.ts" "$@"
`;
}

/** The command for Windows. */
export function batchFile({ deno, root }: Target): string {
  const { commands, others } = commandFlags(config as unknown as TaskConfig);
  const path = (text: string) => `"${text.replaceAll("%", "%%")}"`;
  const cases = Object.entries(commands).map(([name, flags]) =>
    `if "%~1"=="${name}" set "flags=${flags.join(" ")}"`
  );
  return [
    "@echo off",
    `rem ${MARK}: each command has the permissions of its task.`,
    "setlocal",
    `set "flags=${others.join(" ")}"`,
    ...cases,
    `set deno=${path(deno)}`,
    "if not exist %deno% set deno=deno",
    "set SLUICE_TYPED=sluice",
    `%deno% run --config ${path(join(root, "deno.json"))} --frozen %flags% %SLUICE_DENO_FLAGS% ${
      path(join(root, "src", "main.ts"))
    } %*`,
    "",
  ].join("\r\n");
}

/**
 * Writes a command where there is none, or one of ours.
 *
 * @throws Error where another file has the name
 */
export function writeCommand(path: string, text: string): void {
  let there: string | null = null;
  try {
    there = Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (there !== null && !there.includes(MARK)) {
    throw new Error(`"${path}" is not of this task: remove it, or set DENO_INSTALL_ROOT`);
  }
  Deno.mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  Deno.writeTextFileSync(fresh, text, { mode: 0o755, createNew: true });
  Deno.renameSync(fresh, path);
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

function install(): string {
  const windows = Deno.build.os === "windows";
  const home = Deno.env.get(windows ? "USERPROFILE" : "HOME");
  const root = Deno.env.get("DENO_INSTALL_ROOT") ?? (home && join(home, ".deno"));
  if (!root) throw new Error("Neither DENO_INSTALL_ROOT nor a home folder is set");
  const target = {
    deno: Deno.execPath(),
    root: dirname(dirname(fileURLToPath(import.meta.url))),
  };
  const folder = join(root, "bin");
  const path = join(folder, windows ? "sluice.cmd" : "sluice");
  writeCommand(path, windows ? batchFile(target) : shellScript(target));
  const onPath = (Deno.env.get("PATH") ?? "").split(delimiter).includes(folder);
  return `${path} is written${onPath ? "" : `; add ${folder} to your PATH`}\n` +
    "Try it: sluice --version. It runs the code of this folder; delete the file to uninstall it.";
}

if (import.meta.main) {
  try {
    console.log(install());
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
