import type { HostGate } from "../core/host_slots.ts";
import type { FromThread } from "./thread_task.ts";

type Ask = Extract<FromThread, { kind: "host" }>;

/** The places at hosts that one thread has, as the first thread keeps them. */
export class ThreadPlaces {
  readonly #gate: HostGate;
  /** By the number of the asking: gives the place back, or the waiting up. */
  readonly #leave = new Map<number, () => void>();

  constructor(gate: HostGate) {
    this.#gate = gate;
  }

  /** Calls `granted` when the place is free. */
  ask({ id, host, limit }: Ask, granted: () => void): void {
    const waiting = new AbortController();
    this.#leave.set(id, () => waiting.abort());
    this.#gate.take(host, limit, waiting.signal).then((leave) => {
      // Given up in the moment in which it came.
      if (waiting.signal.aborted) return leave();
      this.#leave.set(id, leave);
      granted();
    }, () => {});
  }

  leave(id: number): void {
    this.#leave.get(id)?.();
    this.#leave.delete(id);
  }

  /** A thread that is gone reads nothing more. */
  leaveAll(): void {
    for (const id of [...this.#leave.keys()]) this.leave(id);
  }
}

/** Places at hosts that a thread asks the first one for. */
export class AskedPlaces implements HostGate {
  readonly #post: (message: FromThread) => void;
  readonly #waiting = new Map<number, () => void>();
  #last = 0;

  constructor(post: (message: FromThread) => void) {
    this.#post = post;
  }

  /** The first thread has answered. */
  granted(id: number): void {
    this.#waiting.get(id)?.();
  }

  async take(host: string, limit: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const id = ++this.#last;
    const turn = Promise.withResolvers<void>();
    const onAbort = () => turn.reject(signal.reason);
    this.#waiting.set(id, turn.resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#post({ kind: "host", id, host, limit });
    try {
      await turn.promise;
    } catch (error) {
      this.#post({ kind: "host_left", id });
      throw error;
    } finally {
      this.#waiting.delete(id);
      signal.removeEventListener("abort", onAbort);
    }
    let isHeld = true;
    return () => {
      if (isHeld) this.#post({ kind: "host_left", id });
      isHeld = false;
    };
  }
}
