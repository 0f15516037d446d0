import { crc32 } from "node:zlib";
import type { SourcePlan } from "../plan/load_plan.ts";
import { changedWhileReading } from "./changed.ts";
import type { Meter } from "./meter.ts";
import type { RandomInput } from "./random_input.ts";
import { type FormatTraits, HEAD_BYTES, isOwnFile } from "./recognise.ts";
import type { StoredFile } from "./transports/transport.ts";

/** Bytes that are digested at once. */
const DIGEST_BYTES = 512 * 1024;

/**
 * Whether a file as it is stored is one whose bytes are read in any order.
 *
 * @param traits of the formats that it may have
 */
export async function isInPlace(
  stored: StoredFile,
  { compression, members }: SourcePlan,
  traits: readonly FormatTraits[],
): Promise<boolean> {
  const kinds = traits.filter(({ magic, isOwn }) => magic !== undefined || isOwn !== undefined);
  if (kinds.length === 0 || stored.read === undefined) return false;
  if (stored.contentEncoding !== null || members !== undefined) return false;
  if (compression !== "auto" && compression !== "none") return false;
  const head = await stored.read(0, Math.min(HEAD_BYTES, stored.facts.bytes ?? 0));
  return kinds.some((kind) => isOwnFile(head, kind));
}

/** The bytes of such a file, read where it lies. */
export async function readInPlace(
  stored: StoredFile,
  meter: Meter,
  url: string,
): Promise<RandomInput> {
  // The digest before what is read, where a change to the file may not show.
  if (stored.isUntouched === undefined) {
    for await (const _ of meter.watch({ chunks: stored.chunks }));
  }
  return digestedMeanwhile(stored, meter, url);
}

/** Takes the digest beside what is read: Postgres has rows to write meanwhile. */
function digestedMeanwhile(stored: StoredFile, meter: Meter, shown: string): RandomInput {
  const parts: { readonly start: number; readonly end: number; readonly crc: number }[] = [];
  const size = stored.facts.bytes!;
  async function digestTo(end: number): Promise<void> {
    while (meter.bytes < end) {
      const next = Math.min(end, meter.bytes + DIGEST_BYTES);
      meter.add(await stored.read!(meter.bytes, next));
    }
  }
  return {
    size,
    shown,
    async read(start, end) {
      const bytes = await stored.read!(start, end);
      parts.push({ start, end, crc: crc32(bytes) });
      await digestTo(Math.min(size, meter.bytes + bytes.length));
      return bytes;
    },
    async confirm() {
      await digestTo(size);
      const sha256 = meter.end();
      if (await stored.isUntouched?.()) return;
      // Perhaps its name only: then each part is what it was, and all of it is what was digested.
      for (const { start, end, crc } of parts) {
        if (crc32(await stored.read!(start, end)) !== crc) throw changedWhileReading(shown);
      }
      await stored.confirm?.(sha256);
    },
  };
}
