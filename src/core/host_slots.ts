/** Lets only so many read from a host at once. */
export interface HostGate {
  /**
   * Waits until fewer than `limit` hold a place at a host, in the order of asking.
   *
   * @param host with its port
   * @returns gives the place back; once more does nothing
   * @throws the reason of the signal, where that aborts first
   */
  take(host: string, limit: number, signal: AbortSignal): Promise<() => void>;
}

interface Waiter {
  readonly limit: number;
  readonly grant: () => void;
}

interface Host {
  taken: number;
  readonly waiting: Waiter[];
}

/** Places at hosts, kept in memory. */
export class HostSlots implements HostGate {
  readonly #hosts = new Map<string, Host>();

  async take(host: string, limit: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const known = this.#hosts.get(host) ?? { taken: 0, waiting: [] };
    this.#hosts.set(host, known);
    const turn = Promise.withResolvers<void>();
    const waiter: Waiter = { limit, grant: turn.resolve };
    known.waiting.push(waiter);
    const onAbort = () => {
      const at = known.waiting.indexOf(waiter);
      // It may just have been granted: then it is given back as any other.
      if (at === -1) return;
      known.waiting.splice(at, 1);
      turn.reject(signal.reason);
      this.#next(host, known);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#next(host, known);
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      known.taken--;
      this.#next(host, known);
    };
  }

  /** Nobody is passed by: who has asked for a lower limit would wait for ever. */
  #next(host: string, known: Host): void {
    while (known.waiting.length > 0 && known.taken < known.waiting[0].limit) {
      known.taken++;
      known.waiting.shift()!.grant();
    }
    if (known.taken === 0 && known.waiting.length === 0) this.#hosts.delete(host);
  }
}

/** Of this process: its threads ask the first one for theirs. */
export const HOSTS_OF_PROCESS: HostGate = new HostSlots();
