import { backoff } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";

/** One message to a server. */
export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How long and how often a delivery is tried. */
export interface Patience {
  readonly attempts: number;
  /** Milliseconds for each attempt, from the connection to the end of the answer. */
  readonly timeout: number;
  /** Milliseconds that the first wait may take; doubles with each attempt. */
  readonly base: number;
  /** The longest wait between two attempts, milliseconds, whatever a server asks for. */
  readonly cap: number;
}

/** What a delivery takes from outside. */
export interface DeliveryContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: typeof fetch;
}

/** Tries again what may go well later; at most about a minute in all. */
export const PATIENCE: Patience = { attempts: 4, timeout: 10_000, base: 1_000, cap: 10_000 };

/** Why a message did not arrive. */
export class Undelivered extends Error {
  override readonly name = "Undelivered";
}

/**
 * Posts a message until a server takes it.
 *
 * @throws Undelivered naming the server, never the path or the query: they may hold a token
 */
export async function post(
  message: Message,
  { clock, random, fetch }: DeliveryContext,
  { attempts, timeout, base, cap }: Patience = PATIENCE,
): Promise<void> {
  const server = serverOf(message.url);
  for (let attempt = 1;; attempt++) {
    const { problem, again, wait } = await tryPost(message, { fetch, timeout });
    if (problem === null) return;
    if (!again || attempt >= attempts) {
      const tries = attempt === 1 ? "" : ` in ${attempt} attempts`;
      throw new Undelivered(`${server} ${problem}${tries}`);
    }
    const delay = backoff(attempt, random(), { base, cap });
    await clock.sleep(Math.min(cap, Math.max(wait ?? 0, delay)));
  }
}

interface Attempt {
  /** What the server did; null where it took the message. */
  readonly problem: string | null;
  readonly again: boolean;
  /** Milliseconds that the server asks to wait. */
  readonly wait: number | null;
}

async function tryPost(
  { url, headers, body }: Message,
  { fetch, timeout }: { fetch: DeliveryContext["fetch"]; timeout: number },
): Promise<Attempt> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      // Followed, a redirected POST would become a GET that tells nobody anything.
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    });
    await response.body?.cancel();
    if (response.ok) return { problem: null, again: false, wait: null };
    const { status } = response;
    const again = status >= 500 || status === 408 || status === 425 || status === 429;
    return { problem: `answered ${status}`, again, wait: retryAfter(response) };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      return { problem: "may not be reached: Deno was not allowed to", again: false, wait: null };
    }
    const slow = error instanceof DOMException && error.name === "TimeoutError";
    const problem = slow ? `did not answer within ${timeout / 1000} s` : "could not be reached";
    return { problem, again: true, wait: null };
  }
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

function serverOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "The address";
}
