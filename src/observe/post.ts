import type { Clock } from "../core/clock.ts";
import { growing, retry } from "../core/retry.ts";

/** One message to a server. */
export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How long and how often a delivery is tried. */
export interface DeliveryLimits {
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
export const DELIVERY_LIMITS: DeliveryLimits = {
  attempts: 4,
  timeout: 10_000,
  base: 1_000,
  cap: 10_000,
};

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
  { attempts, timeout, base, cap }: DeliveryLimits = DELIVERY_LIMITS,
): Promise<void> {
  const server = serverOf(message.url);
  const grown = growing(random, { base, cap });
  let tried = 0;
  try {
    await retry(async () => {
      tried++;
      const refused = await tryPost(message, { fetch, timeout });
      if (refused !== null) throw refused;
    }, {
      clock,
      attempts,
      delay: (failures, error) =>
        Math.min(cap, Math.max(error instanceof Refusal ? error.wait : 0, grown(failures))),
      again: (error) => error instanceof Refusal && error.again,
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const tries = tried === 1 ? "" : ` in ${tried} attempts`;
    throw new Undelivered(`${server} ${error.message}${tries}`);
  }
}

/** What a server did in place of taking the message. */
class Refusal extends Error {
  /** @param wait milliseconds that the server asks to wait */
  constructor(message: string, readonly again: boolean, readonly wait = 0) {
    super(message);
  }
}

async function tryPost(
  { url, headers, body }: Message,
  { fetch, timeout }: { fetch: DeliveryContext["fetch"]; timeout: number },
): Promise<Refusal | null> {
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
    if (response.ok) return null;
    const { status } = response;
    const again = status >= 500 || status === 408 || status === 425 || status === 429;
    return new Refusal(`answered ${status}`, again, retryAfter(response));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      return new Refusal("may not be reached: Deno was not allowed to", false);
    }
    const slow = error instanceof DOMException && error.name === "TimeoutError";
    const problem = slow ? `did not answer within ${timeout / 1000} s` : "could not be reached";
    return new Refusal(problem, true);
  }
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : 0;
}

function serverOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "The address";
}
