import { createHash } from "node:crypto";
import { SluiceError } from "../core/error.ts";
import { mapConcurrently } from "../core/map_concurrently.ts";
import type { SourcePlan } from "../plan/load_plan.ts";
import { type SourceContext, type SourceFacts, UNSETTLED } from "./context.ts";
import { locate, type Location, shownUrl } from "./location.ts";
import { transportFor } from "./transports/mod.ts";
import type { Listed } from "./transports/transport.ts";

/** A file of a source that can have several. */
export interface FoundFile {
  readonly location: Location;
  /** What is known of it before it is read; null: it does not exist. */
  readonly facts: SourceFacts | null;
}

/** A load with more files is a mistake, or has a file for each row. */
const MOST_FILES = 100_000;

/** Files looked at side by side. */
const PROBES = 8;

/**
 * The files that the addresses of a source stand for, each once: those of a pattern by their names,
 * patterns and addresses in their order. Null where the source is one address of one file.
 *
 * @throws SluiceError `source/too_many_files`
 */
export async function findFiles(
  source: SourcePlan,
  context: SourceContext,
): Promise<readonly FoundFile[] | null> {
  const urls = source.urls ?? [source.url];
  const found = new Map<string, Listed>();
  let isSet = urls.length > 1;
  for (const url of urls) {
    const location = locate(url, source, context.secrets);
    const files = await (await transportFor(location)).expand?.(location, source, context) ?? null;
    if (files !== null) isSet = true;
    for (const file of files ?? [{ location, facts: null }]) {
      if (!found.has(file.location.href)) found.set(file.location.href, file);
    }
    if (found.size > MOST_FILES) {
      throw new SluiceError(
        "source/too_many_files",
        `More than ${MOST_FILES} files match "${shownUrl(url)}"`,
        { hint: "Load them in partitions, with `{month}` or such in the address" },
      );
    }
  }
  if (!isSet) return null;
  return await mapConcurrently([...found.values()], PROBES, async ({ location, facts }) => ({
    location,
    facts: facts ?? await (await transportFor(location)).probe(location, source, context, null),
  }));
}

/** What is known of all files of a source together. */
export function setFacts(files: readonly FoundFile[], source: SourcePlan): SourceFacts {
  const facts = files.flatMap((file) => file.facts ?? []);
  // Without a proof for each of them only reading them tells whether they are the same.
  const isProof = facts.length === files.length &&
    facts.every(({ etag, lastModified }) =>
      etag === null ? lastModified !== null : !etag.startsWith("W/") && etag !== UNSETTLED
    );
  const list = facts.map(({ url, etag, lastModified, bytes }) => [url, etag, lastModified, bytes]);
  const digest = createHash("sha256").update(JSON.stringify(list)).digest("hex");
  const dates = facts.flatMap(({ lastModified }) => lastModified ?? []).sort();
  const isSized = facts.length === files.length && facts.every(({ bytes }) => bytes !== null);
  return {
    url: (source.urls ?? [source.url]).map(shownUrl).join(", "),
    etag: isProof ? `files ${digest}` : null,
    lastModified: isProof ? dates.at(-1) ?? null : null,
    bytes: isSized ? facts.reduce((sum, { bytes }) => sum + bytes!, 0) : null,
    sha256: null,
  };
}
