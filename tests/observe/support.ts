import { systemClock } from "../../src/core/clock.ts";
import type { Clock } from "../../src/core/clock.ts";

/** A clock that stands at a moment, moves when told to, and never sleeps for long. */
export function stillClock(start = "2026-11-23T20:00:00.000Z"): Clock & {
  move(seconds: number): void;
  readonly slept: number[];
} {
  let now = Date.parse(start);
  const slept: number[] = [];
  return {
    now: () => new Date(now),
    monotonic: () => now - 1_000_000,
    sleep(milliseconds) {
      slept.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
    move: (seconds) => void (now += seconds * 1000),
    slept,
  };
}

/** The real clock, whose sleeps take a hundredth of the time. */
export const hastyClock: Clock = {
  ...systemClock,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / 100, signal),
};

/** A request that a receiver got. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A server on loopback that keeps what it is sent. */
export interface Receiver extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly received: Received[];
}

/** Starts a receiver; `answer` gets each request and its number, from 0. */
export function receiver(
  answer: (request: Received, index: number) => Response | Promise<Response> = () => new Response(),
): Receiver {
  const received: Received[] = [];
  const stop = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: stop.signal,
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const each = { method, path: pathname + search, headers, body: await request.text() };
    received.push(each);
    return await answer(each, received.length - 1);
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    received,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}

/** An address on loopback where nobody listens. */
export function deafOrigin(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return `http://127.0.0.1:${port}`;
}
