import { stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { SluiceError } from "../core/error.ts";
import type { SourceContext } from "../source/context.ts";
import type { Session } from "./session.ts";
import type { Surroundings } from "./surroundings.ts";

/** Where the file of an address is. */
export interface FoundAddress {
  /** A URL, or an absolute path. */
  readonly address: string;
  readonly isPath: boolean;
}

/**
 * Looks for the file of a path as every command does: in the working folder, then where the user
 * stands. A URL is looked for by whoever opens it.
 */
export async function findAddress(
  address: string,
  { workingFolder, invokedFolder }: Pick<Surroundings, "workingFolder" | "invokedFolder">,
): Promise<FoundAddress> {
  // One letter before the colon is a Windows drive.
  if (/^([a-z][a-z0-9+.-]+:|\$\{)/i.test(address)) return { address, isPath: false };
  // Of several files it is not known where they are.
  if (/[*?]/.test(address)) {
    return { address: resolve(invokedFolder ?? workingFolder, address), isPath: true };
  }
  for (const folder of new Set([workingFolder, invokedFolder ?? workingFolder])) {
    const path = resolve(folder, address);
    if (await stat(path).then((info) => info.isFile(), () => false)) {
      return { address: path, isPath: true };
    }
  }
  throw new SluiceError("source/not_found", `There is no file "${address}"`, {
    hint: "Name a file, or write a URL with its scheme, such as https://…",
  });
}

/** The address as a pipeline file in a folder has it. */
export function urlFrom(folder: string, { address, isPath }: FoundAddress): string {
  if (!isPath) return address;
  const path = relative(folder, address).replaceAll("\\", "/");
  // Another drive of Windows has no relative path.
  return /^[a-z]{2,}:/i.test(path) ? `./${path}` : path;
}

/** What looking at a source needs, outside of any run. */
export function lookingContext({ cli }: Session): SourceContext {
  const { secrets, clock, random } = cli;
  return { secrets, clock, random, signal: cli.interrupt.signal, onRetry() {} };
}
