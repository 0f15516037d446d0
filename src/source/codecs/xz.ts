import { SluiceError } from "../../core/error.ts";
import type { ByteInput } from "../byte_input.ts";
import { coalesce } from "../coalesce.ts";
import type { Codec } from "./codec.ts";
import { corrupt, truncated } from "./damage.ts";
import { tooWide } from "./too_wide.ts";
import { openXz, type XzEngine } from "./xz_engine.ts";

const MIN_CHUNK_BYTES = 256 * 1024;
/** The engine takes no larger dictionary; `xz -9` has one of this size. */
const DICTIONARY_BYTES = 64 << 20;

/** xz: any number of streams with padding between them, each block checked. */
export const xz: Codec = {
  name: "xz",
  magic: [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  decode: (input, shown) => coalesce(blocks(input, shown), MIN_CHUNK_BYTES),
};

async function* blocks(input: ByteInput, shown: string): AsyncGenerator<Uint8Array> {
  using engine = await openXz();
  const head = await input.peek(8);
  try {
    for (let ended = false;;) {
      if (engine.isHungry) {
        const chunk = ended ? null : await input.next();
        if (chunk === null) ended = true;
        else if (chunk.length > engine.room) input.unread(chunk.subarray(engine.room));
        // Nothing more is told by nothing.
        engine.feed(chunk?.subarray(0, engine.room) ?? new Uint8Array(0));
      }
      const { status, chunk } = engine.next();
      if (status !== "ok" && status !== "end") throw failure(status, engine, input, head, shown);
      if (chunk.length > 0) yield chunk;
      if (status === "end") return;
    }
  } finally {
    await input.close();
  }
}

function failure(
  status: XzEngine["status"],
  engine: XzEngine,
  input: ByteInput,
  head: Uint8Array,
  shown: string,
): SluiceError {
  const at = input.position - engine.unread;
  switch (status) {
    case "memory":
      return tooWide(shown, DICTIONARY_BYTES * 2, DICTIONARY_BYTES, "xz -9");
    case "options":
      return new SluiceError(
        "source/compression_not_available",
        (head[7] & 15) === 10
          ? `"${shown}" is xz data with SHA-256 checks, which cannot be verified`
          : `"${shown}" is xz data with filters that are not known`,
        { hint: "Compress it again with `xz` and no options" },
      );
    case "format":
      return corrupt(shown, `unexpected data follows the compressed data before byte ${at}`, at);
    case "short":
      return truncated(input, shown);
    default:
      return corrupt(shown, `the xz data before byte ${at} is wrong`, at);
  }
}
