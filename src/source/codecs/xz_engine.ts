/** One file's decompressor: it is fed, then asked for output until it is hungry again. */
export interface XzEngine extends Disposable {
  /** All that it was fed is used. */
  readonly isHungry: boolean;
  /** Bytes that it takes at once. */
  readonly room: number;
  /** Bytes that it was fed and has not used. */
  readonly unread: number;
  readonly status: "ok" | "end" | "memory" | "options" | "format" | "short" | "data";
  /** Nothing: the input has ended. */
  feed(bytes: Uint8Array): void;
  /** Output, valid until the next call; `ok`: there may be more. */
  next(): { readonly status: XzEngine["status"]; readonly chunk: Uint8Array };
}

/** What the package's WebAssembly offers; addresses are those of its memory. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  create_context(): number;
  destroy_context(context: number): void;
  supply_input(context: number, bytes: number): void;
  get_next_output(context: number): number;
}

/** Words of a context: size of its buffers, input, its bytes used and held, output, its bytes. */
const [ROOM, INPUT, USED, HELD, OUTPUT, MADE] = [0, 1, 2, 3, 4, 5];

/** By the codes of xz-embedded. */
const STATUS: readonly XzEngine["status"][] = [
  "ok",
  "end",
  "options",
  "memory",
  "memory",
  "format",
  "options",
  "data",
  "short",
];

/**
 * Opens a decompressor.
 *
 * The package's stream reads one file at a time in the whole process, so that two partitions wait
 * for each other, and one that is given up may be waited for for ever. Its module takes any number.
 */
export async function openXz(): Promise<XzEngine> {
  const exports = await load();
  const context = exports.create_context();
  const words = () => new Uint32Array(exports.memory.buffer, context, 6);
  let status: XzEngine["status"] = "ok";
  let isOpen = true;
  return {
    get isHungry() {
      return words()[USED] === words()[HELD];
    },
    get room() {
      return words()[ROOM];
    },
    get unread() {
      return words()[HELD] - words()[USED];
    },
    get status() {
      return status;
    },
    feed(bytes) {
      new Uint8Array(exports.memory.buffer).set(bytes, words()[INPUT]);
      exports.supply_input(context, bytes.length);
    },
    next() {
      status = STATUS[exports.get_next_output(context)] ?? "data";
      const [output, made] = [words()[OUTPUT], words()[MADE]];
      const chunk = new Uint8Array(exports.memory.buffer).slice(output, output + made);
      words()[MADE] = 0;
      return { status, chunk };
    },
    [Symbol.dispose]() {
      if (isOpen) exports.destroy_context(context);
      isOpen = false;
    },
  };
}

let loaded: Promise<Exports> | null = null;

function load(): Promise<Exports> {
  return loaded ??= (async () => {
    const { default: xzDecompress } = await import("xz-decompress");
    // Neither is in the package's types: its version is pinned, and the tests of codecs hold it.
    const { XzReadableStream: stream } = xzDecompress as unknown as {
      XzReadableStream: {
        _getModuleInstance(): Promise<void>;
        _moduleInstance: { readonly exports: Exports };
      };
    };
    await stream._getModuleInstance();
    return stream._moduleInstance.exports;
  })();
}
