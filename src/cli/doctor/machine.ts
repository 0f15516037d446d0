import { statfs } from "node:fs/promises";
import { formatBytes } from "../../core/format_text.ts";
import type { Cli } from "../cli.ts";
import { bad, type Finding, ok, warning } from "./finding.ts";

/** Free bytes below which a log or the embedded database may run out of room. */
const ROOM = 1_000_000_000;

/** Looks at what this machine lets the command do. */
export async function machineFindings(cli: Cli): Promise<Finding[]> {
  return [settingsFile(cli), await disk(cli.workingFolder), ...await permissions()];
}

function settingsFile({ envFile }: Cli): Finding {
  return ok(
    ".env",
    envFile === null ? "There is no .env file beside the pipeline, above it, or here" : envFile,
  );
}

async function disk(folder: string): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const text = `${formatBytes(free)} are free here`;
    return free >= ROOM ? ok("disk", text) : warning(
      "disk",
      text,
      "Make room: the embedded database and logs are written below this folder",
    );
  } catch (error) {
    return warning(
      "disk",
      `How much is free is not known: ${error instanceof Error ? error.message : error}`,
      "Start it by its own command, `doctor`, or look with df",
    );
  }
}

/** What Deno lets the process do; each command asks for what it needs. */
async function permissions(): Promise<Finding[]> {
  const wanted: readonly (readonly [Deno.PermissionDescriptor, string])[] = [
    [{ name: "read" }, "read any file: a source, a certificate"],
    [{ name: "net" }, "reach any server: a database, a source"],
    [{ name: "env" }, "read any variable"],
  ];
  const missing: string[] = [];
  for (const [descriptor, what] of wanted) {
    const { state } = await Deno.permissions.query(descriptor);
    if (state !== "granted") missing.push(what);
  }
  return [
    missing.length === 0
      ? ok("permissions", "Deno lets it read files, reach servers, read variables")
      : bad(
        "permissions",
        `Deno does not let it ${missing.join("; ")}`,
        "Start it by its task, or add what is missing: docs/cli.md, permissions",
      ),
  ];
}
