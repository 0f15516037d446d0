import { expect } from "packages/expect.ts";
import { HostSlots } from "../../src/core/host_slots.ts";
import { inThread } from "../../src/cli/thread.ts";
import { AskedPlaces, ThreadPlaces } from "../../src/cli/thread_hosts.ts";
import type { FromThread, ThreadStart } from "../../src/cli/thread_task.ts";
import type { RunTask } from "../../src/cli/thread_task.ts";
import { openSource } from "../../src/source/open.ts";
import { between, randomFrom } from "../rows/random.ts";
import { load } from "../spec/support.ts";
import { specOf } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { chunksOf, planFor, testContext } from "./support.ts";

/** A server that counts who downloads at once, and lets them end one after the other. */
function countingServer() {
  let active = 0;
  let most = 0;
  let served = 0;
  const waiting: (() => void)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (request.method === "HEAD") return new Response(null);
    most = Math.max(most, ++active);
    let isActive = true;
    const end = () => {
      if (isActive) active--;
      isActive = false;
    };
    return new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode("id,name\n1,one\n"));
          await new Promise<void>((resolve) => waiting.push(resolve));
          served++;
          end();
          try {
            controller.close();
          } catch {
            // It was left before.
          }
        },
        cancel: end,
      }),
    );
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/things.csv`,
    active: () => active,
    most: () => most,
    served: () => served,
    /** Ends the oldest download. */
    finish: () => waiting.shift()?.(),
    [Symbol.asyncDispose]: async () => {
      while (waiting.length > 0) waiting.shift()!();
      await server.shutdown();
    },
  };
}

async function read(plan: ReturnType<typeof planFor>, signal = new AbortController().signal) {
  await using source = await openSource(plan, testContext({}, { signal }));
  for await (const _ of chunksOf(source));
}

for (const [perHost, most] of [[1, 1], [3, 3], [undefined, 6]] as const) {
  Deno.test(`per_host ${perHost ?? "left out"}: ${most} downloads at once, whoever asks`, async () => {
    await using server = countingServer();
    const plan = planFor(server.url, {
      timeoutSeconds: 600,
      ...(perHost === undefined ? {} : { perHost }),
    });
    const loads = Array.from({ length: 8 }, () => read(plan));
    for (let done = 0; done < 8; done++) {
      const expected = Math.min(most, 8 - done);
      await until(`${expected} are read`, () => server.active() === expected);
      server.finish();
      await until("one is done", () => server.served() > done);
    }
    await Promise.all(loads);
    expect(server.most()).toBe(most);
  });
}

Deno.test("per_host: a place is free again after a failure, and after a run that was ended", async () => {
  await using server = countingServer();
  const plan = planFor(server.url, { perHost: 1, timeoutSeconds: 600 });
  const ended = new AbortController();
  const reason = new DOMException("ended by the test", "AbortError");
  const first = read(plan, ended.signal);
  await until("it is read", () => server.active() === 1);
  const waiting = new AbortController();
  const second = read(plan, waiting.signal);
  waiting.abort(reason);
  await expect(second).rejects.toBe(reason);
  ended.abort(reason);
  await expect(first).rejects.toBe(reason);
  const bad = planFor(server.url.replace("http:", "https:"), { perHost: 1, retries: 0 });
  await expect(read(bad)).rejects.toMatchObject({ name: "SluiceError" });
  const third = read(plan);
  await until("another one is read", () => server.active() === 1);
  server.finish();
  server.finish();
  await third;
});

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);

Deno.test(`places at hosts: never more than the limit, none lost (SLUICE_SEED=${SEED})`, async () => {
  console.log(`SLUICE_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const pick = (count: number) => between(random, 0, count - 1);
  const own = new HostSlots();
  // The same through a thread's messages.
  const there = new ThreadPlaces(own);
  const asked: AskedPlaces = new AskedPlaces((message: FromThread) => {
    const data = structuredClone(message);
    queueMicrotask(() => {
      if (data.kind === "host") {
        there.ask(data, () => queueMicrotask(() => asked.granted(data.id)));
      } else if (data.kind === "host_left") there.leave(data.id);
    });
  });
  const taken = new Map<string, number>();
  const held: (() => void)[] = [];
  const work: Promise<void>[] = [];
  for (let round = 0; round < 2000; round++) {
    const host = `h${pick(2)}`;
    const limit = 1 + pick(3);
    const stop = new AbortController();
    work.push((async () => {
      try {
        const leave = await (pick(2) === 0 ? own : asked).take(host, limit, stop.signal);
        const now = (taken.get(host) ?? 0) + 1;
        taken.set(host, now);
        if (now > 3) throw new Error(`${now} at once`);
        held.push(() => {
          taken.set(host, taken.get(host)! - 1);
          leave();
          leave();
        });
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    })());
    if (pick(4) === 0) stop.abort();
    if (pick(2) === 0) await Promise.resolve();
    if (pick(3) > 0) held.splice(pick(held.length), 1)[0]?.();
  }
  let isDone = false;
  const all = Promise.all(work).then(() => isDone = true);
  await until("everybody had a turn", () => {
    for (const leave of held.splice(0)) leave();
    return isDone;
  });
  await all;
  for (const host of ["h0", "h1"]) {
    const leave = await own.take(host, 1, new AbortController().signal);
    leave();
  }
});

Deno.test("per_host counts over the pipelines of a server, each of which has a thread", async () => {
  await using server = countingServer();
  await using database = await ledgerDatabase();
  const start = (name: string): ThreadStart & { readonly task: RunTask } => ({
    surroundings: {
      variables: {},
      version: "test",
      host: "test",
      workingFolder: Deno.cwd(),
      invokedFolder: null,
    },
    flags: { set: {}, database: database.url },
    task: {
      kind: "run",
      partitions: [],
      force: false,
      spec: specOf(
        `pipeline: ${name}
source: { url: "${server.url}", per_host: 2, timeout: 10m }
target: { table: shop.${name} }
columns: { id: integer, name: text }
`,
        Deno.cwd(),
      ),
    },
  });
  const never = new AbortController().signal;
  const cut = new AbortController();
  const gone = inThread(start("gone"), never, cut.signal, () => {});
  await until("the first one reads", () => server.active() === 1);
  const runs = ["a", "b", "c"].map((name) => inThread(start(name), never, never, () => {}));
  await until("two are read", () => server.active() === 2);
  // The thread that is gone leaves its place.
  cut.abort(new Error("cut by the test"));
  await expect(gone).rejects.toThrow("cut by the test");
  let isDone = false;
  const all = Promise.all(runs).finally(() => isDone = true);
  await until("all are loaded", () => {
    if (server.active() === 2 || server.served() > 1) server.finish();
    return isDone;
  });
  expect((await all).map(({ status }) => status)).toEqual(["succeeded", "succeeded", "succeeded"]);
  expect(server.most()).toBe(2);
});

Deno.test("per_host is a number of at least one, and changes no rows", () => {
  const yaml = (more: string) =>
    `pipeline: a\nsource: { url: a.csv${more} }\ntarget: { table: s.t }\ncolumns: { id: bigint }\n`;
  expect(load(yaml(", per_host: 2")).spec?.source.perHost).toBe(2);
  expect(load(yaml(", per_host: 2")).spec?.hash).toBe(load(yaml("")).spec?.hash);
  for (const value of ["0", "-1", "1.5", "many", "65"]) {
    expect(load(yaml(`, per_host: ${value}`)).diagnostics).toHaveLength(1);
  }
});
