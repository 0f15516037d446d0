/** Standard output or standard error: text in order, never throwing, never waiting. */
export interface Output {
  /** A person looks at it: colors and a progress bar are welcome. */
  readonly isTerminal: boolean;
  /** Whether text may be colored (a terminal, and nobody said no). */
  readonly colors: boolean;
  /** Width of the terminal in characters now; 80 where there is none. */
  columns(): number;
  /** Queues text, with secrets removed. */
  write(text: string): void;
  /** Queues text as it is: for the one result that is a secret, `db url`. */
  writeSecret(text: string): void;
  /** Resolves when everything queued was written, or nobody reads any more. */
  flush(): Promise<void>;
}

/** What an {@link Output} writes to. */
export interface OutputTarget {
  readonly write: (bytes: Uint8Array) => Promise<number>;
  readonly isTerminal: boolean;
  readonly columns: () => number;
  readonly redact: (text: string) => string;
  readonly variables: Readonly<Record<string, string>>;
  /** Outputs that share it are written in the order of their texts. */
  readonly turns?: Turns;
}

/** What is being written. */
export interface Turns {
  last: Promise<void>;
}

/**
 * An output that keeps order by a queue and goes quiet when its reader has gone (`| head`).
 *
 * Colors follow https://no-color.org: a set, non-empty `NO_COLOR` switches them off.
 */
export function openOutput(target: OutputTarget): Output {
  const encoder = new TextEncoder();
  const turns = target.turns ?? { last: Promise.resolve() };
  let readerGone = false;
  function enqueue(text: string): void {
    if (text === "" || readerGone) return;
    const bytes = encoder.encode(text);
    turns.last = turns.last.then(() => writeAll(bytes)).catch((error) => {
      if (!isReaderGone(error)) throw error;
      readerGone = true;
    });
    // `flush` reports the failure; until then it must not count as unhandled.
    turns.last.catch(() => {});
  }
  async function writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !readerGone;) {
      at += await target.write(bytes.subarray(at));
    }
  }
  const dumb = target.variables.TERM === "dumb";
  return {
    isTerminal: target.isTerminal && !dumb,
    colors: target.isTerminal && !dumb && (target.variables.NO_COLOR ?? "") === "",
    columns: target.columns,
    write: (text) => enqueue(target.redact(text)),
    writeSecret: enqueue,
    flush: () => turns.last,
  };
}

/** The other end of the pipe, or the terminal itself, was closed. */
function isReaderGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
    (error as { code?: unknown }).code === "EIO";
}
