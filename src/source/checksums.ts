import { SluiceError } from "../core/error.ts";
import type { SourcePlan } from "../plan/load_plan.ts";
import type { SourceContext } from "./context.ts";
import { locate } from "./location.ts";
import { openStored } from "./open_stored.ts";

/** Compares the SHA-256 (hex) of a file's stored bytes with what is expected of it. */
export type VerifyChecksum = (name: string, shown: string, sha256: string) => void;

/** A list of checksums is no longer. */
const MOST_BYTES = 16 << 20;

const HEX = /^[0-9a-f]{64}$/i;
/** `sha256sum` writes the digest first, BSD's `sha256` last. */
const GNU = /^\\?([0-9a-f]{64})(?:\s+\*?(.+))?$/i;
const BSD = /^SHA256 \((.+)\) = ([0-9a-f]{64})$/i;

/**
 * Reads what a source's files must come to.
 *
 * @throws SluiceError `source/no_checksum` where the list has no line of a file;
 * `source/checksum_mismatch` from what is returned
 */
export async function readChecksums(
  source: SourcePlan,
  context: SourceContext,
): Promise<VerifyChecksum> {
  const { checksum } = source;
  if (checksum === undefined) return () => {};
  if (HEX.test(checksum)) return (_name, shown, sha256) => requireSame(shown, sha256, checksum);
  const location = locate(checksum, source, context.secrets);
  const list = listOf(await textOf(location, source, context));
  return (name, shown, sha256) => {
    const expected = list.get(name) ?? list.get("");
    if (expected === undefined) throw noChecksum(location.shown, shown);
    requireSame(shown, sha256, expected);
  };
}

/** Digests by the last part of each name; of one without a name by an empty one. */
function listOf(text: string): ReadonlyMap<string, string> {
  const list = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const bsd = BSD.exec(line.trim());
    const gnu = bsd === null ? GNU.exec(line.trim()) : null;
    const [name, digest] = bsd !== null ? [bsd[1], bsd[2]] : [gnu?.[2] ?? "", gnu?.[1]];
    if (digest !== undefined) list.set(name.slice(name.lastIndexOf("/") + 1), digest);
  }
  return list;
}

async function textOf(
  location: ReturnType<typeof locate>,
  source: SourcePlan,
  context: SourceContext,
): Promise<string> {
  await using stored = await openStored(location, source, context);
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stored.chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST_BYTES) {
      throw new SluiceError("source/no_checksum", `"${location.shown}" is no list of checksums`, {
        hint: "`checksum` names a file as `sha256sum` writes it, or is a SHA-256 itself",
      });
    }
  }
  return text;
}

function requireSame(shown: string, sha256: string, expected: string): void {
  if (sha256 === expected.toLowerCase()) return;
  throw new SluiceError(
    "source/checksum_mismatch",
    `"${shown}" is not the file of its checksum: its SHA-256 is ${sha256}, not ${expected}`,
    {
      retry: "later",
      details: { sha256, expected },
      hint: "It is cut, changed, or not complete yet: get it again, and the checksum too",
    },
  );
}

function noChecksum(list: string, shown: string): SluiceError {
  return new SluiceError("source/no_checksum", `"${list}" has no SHA-256 of "${shown}"`, {
    hint: "A line of it is a digest and the name of a file, as `sha256sum` writes it",
  });
}
