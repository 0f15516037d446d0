import type { Clock } from "../core/clock.ts";
import { sameText } from "../schedule/http/authorize.ts";

/** A browser that has shown the token. */
export interface PageSession {
  /** What the cookie holds. */
  readonly id: string;
  /** What each form that changes something has to send along. */
  readonly formToken: string;
}

interface Kept extends PageSession {
  /** By the clock that never goes back. */
  readonly ends: number;
}

/** Milliseconds that a session lasts: a day at work. */
const LASTS = 12 * 3_600_000;

/** Sessions at once: beyond, the oldest one ends. */
const MOST = 100;

/**
 * Browsers that may look and act, kept in memory: a restart of the server ends them all.
 *
 * The token itself never comes back to a browser, and no script can read what does.
 */
export class Sessions {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #sessions = new Map<string, Kept>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Begins a session. */
  open(): PageSession {
    const session = { id: randomText(), formToken: randomText() };
    this.#sessions.set(session.id, { ...session, ends: this.#clock.monotonic() + LASTS });
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= MOST) break;
      this.#sessions.delete(oldest);
    }
    return session;
  }

  /** The session of a cookie, or null. */
  find(id: string | undefined): PageSession | null {
    const session = id === undefined ? undefined : this.#sessions.get(id);
    if (session === undefined) return null;
    if (this.#clock.monotonic() < session.ends) return session;
    this.#sessions.delete(session.id);
    return null;
  }

  end({ id }: PageSession): void {
    this.#sessions.delete(id);
  }
}

/** Whether a form was made for this session. */
export function isOwnForm({ formToken }: PageSession, given: string | null): boolean {
  return given !== null && sameText(given, formToken);
}

/** 256 bits that nobody guesses. */
function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return (bytes as Uint8Array & { toHex(): string }).toHex();
}
