import { expect } from "packages/expect.ts";
import { serveHttp } from "../support/http_server.ts";
import { testDatabase } from "../support/postgres.ts";
import { worker } from "../distribute/support.ts";
import { type ServeProcess, sluice, startServe, TOKEN } from "../schedule/serve_process.ts";
import { runOf, slowPipeline, slowSource } from "./slow_source.ts";
import { expectIn, formTokenOf, plain } from "./support.ts";
import { timeLimit } from "../support/time_limit.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

const pipeline = (name: string, source: string, more = "") =>
  `pipeline: ${name}
source: { url: "${source}", format: csv, retries: 0 }
target: { table: shop.${name} }
columns:
  id: { type: integer, required: true }
  name: { type: text }
rejects: { limit: 50% }
${more}`;

/** A browser that has signed in, as far as this needs one. */
async function browser({ origin }: ServeProcess) {
  const sent = await fetch(`${origin}/session`, {
    method: "POST",
    headers: { origin, accept: "text/html" },
    body: new URLSearchParams({ token: TOKEN }),
    redirect: "manual",
  });
  await sent.body?.cancel();
  const headers = { cookie: sent.headers.get("set-cookie")!.split(";")[0], accept: "text/html" };
  const look = async (path: string) => await (await fetch(origin + path, { headers })).text();
  return {
    look,
    async act(path: string, form: Record<string, string>) {
      const form_token = formTokenOf(await look("/"));
      const response = await fetch(origin + path, {
        method: "POST",
        headers: { ...headers, origin },
        body: new URLSearchParams({ ...form, form_token }),
        redirect: "manual",
      });
      const text = await response.text();
      if (response.status !== 303) throw new Error(`${path}: ${response.status} ${plain(text)}`);
      return response.headers.get("location")!;
    },
    /** Once there is room: the server hears of a watcher's end after the watcher. */
    watch: async (path: string) => {
      const deadline = Date.now() + 60_000;
      let response = await fetch(`${origin}${path}/live`, { headers });
      while (response.status === 503 && Date.now() < deadline) {
        await response.body?.cancel();
        response = await fetch(`${origin}${path}/live`, { headers });
      }
      expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
      return response.body!.pipeThrough(new TextDecoderStream());
    },
  };
}

/** Events of a stream until one of a kind has come. */
async function until(
  stream: ReadableStream<string>,
  event: string,
  isIt: (text: string) => boolean = () => true,
): Promise<string> {
  let text = "";
  const reader = stream.getReader();
  for (;;) {
    const { done, value = "" } = await reader.read();
    text += value;
    const found = text.split("\n\n").find((each) =>
      each.startsWith(`event: ${event}\n`) && isIt(each)
    );
    if (found !== undefined || done) {
      reader.releaseLock();
      if (found === undefined) throw new Error(`No "${event}" came, but: ${text}`);
      return found;
    }
  }
}

Deno.test({
  name: "a run is started, watched, rolled back and replayed on the page of serve",
  ...LINUX,
  async fn() {
    await using database = await testDatabase();
    const folder = Deno.makeTempDirSync();
    const write = (name: string, text: string) => Deno.writeTextFileSync(`${folder}/${name}`, text);
    write("trips.csv", "id,name\n1,one\n2,two\n3,three\n");
    write("trips.yaml", pipeline("trips", "trips.csv").replace("text", "text, one_of: [one, two]"));
    await using server = await startServe(folder, database.url);
    const { look, act, watch } = await browser(server);

    const first = await act("/pipeline/trips/run", {});
    const stream = await watch(first);
    expectIn(await until(stream, "end"), "data: succeeded");
    await stream.cancel();
    expectIn(plain(await look(first)), "succeeded", "2 rows loaded", "1 rejected", "Log");
    // Without --log-database this process remembers what it was told.
    expectIn(plain(await look(first)), "This process remembers it", "version 1 is live");

    write("trips.csv", "id,name\n1,one\n");
    const second = await act("/pipeline/trips/run", {});
    await (async () => {
      const stream = await watch(second);
      await until(stream, "end");
      await stream.cancel();
    })();
    const live = async () => await database.db.query("select id from shop.trips order by id");
    expect(await live()).toEqual([{ id: 1 }]);
    expect(await act("/pipeline/trips/rollback", { to: "1" })).toBe("/pipeline/trips/versions");
    expect(await live()).toEqual([{ id: 1 }, { id: 2 }]);
    expectIn(plain(await look("/pipeline/trips/versions")), /2 rolled back 1/, /1 live 2/);

    // What was wrong is right by now.
    write(
      "trips.yaml",
      pipeline("trips", "trips.csv").replace("text", "text, max_length: 9"),
    );
    await served(server.origin, "max_length");
    const replayed = await act("/pipeline/trips/replay", {});
    const end = await watch(replayed);
    await until(end, "end");
    await end.cancel();
    expectIn(plain(await look(replayed)), "Replay of trips", "succeeded", "1 row loaded");
    expect(await live()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    Deno.removeSync(folder, { recursive: true });
  },
});

Deno.test({
  name: "a run that is canceled publishes nothing, ends as interrupted, and is not begun again",
  ...LINUX,
  async fn() {
    await using database = await testDatabase();
    await using source = serveHttp(() => ({
      body: new TextEncoder().encode("id,name\n1,one\n"),
      headers: { "content-length": "1000" },
      stallAfter: 14,
    }));
    const folder = Deno.makeTempDirSync();
    Deno.writeTextFileSync(`${folder}/stalls.yaml`, pipeline("stalls", `${source.origin}/a.csv`));
    await using server = await startServe(folder, database.url);
    const { look, act, watch } = await browser(server);
    const path = await act("/pipeline/stalls/run", {});
    const stream = await watch(path);
    expectIn(await until(stream, "run"), "running");
    expectIn(plain(await look(path)), "Cancel …");
    expect(await act(`${path}/cancel`, {})).toBe(path);
    expectIn(await until(stream, "end"), "data: interrupted");
    await stream.cancel();
    expectIn(plain(await look(path)), "interrupted", "cli/canceled", "Somebody canceled the run");
    expect(await database.db.query("select count(*)::int as n from sluice.loads")).toEqual([
      { n: 0 },
    ]);
    const runs = await database.db.query("select status from sluice.runs");
    expect(runs).toEqual([{ status: "interrupted" }]);
    Deno.removeSync(folder, { recursive: true });
  },
});

/** Which process loads, and what is seen of it while it does. */
const ELSEWHERE = [
  {
    by: "the command line",
    args: [],
    workers: false,
    seen:
      /2 rows loaded 1 rejected[^]*another process[^]*first published 2 [^]*slow__a\S* copying [1-9][\d,]+ /,
  },
  {
    by: "a worker",
    args: ["--distributed"],
    workers: true,
    seen:
      /2 rows loaded 1 rejected[^]*1 of 2 partitions done[^]*first published 3 1 [^]*a running [1-9][\d,]+ /,
  },
];
for (const { by, args, workers, seen } of ELSEWHERE) {
  Deno.test({
    name: `a run that ${by} loads is watched on the page of another process, to its end`,
    ...LINUX,
    async fn() {
      await using database = await testDatabase();
      await using source = slowSource();
      const folder = Deno.makeTempDirSync();
      Deno.writeTextFileSync(`${folder}/slow.yaml`, slowPipeline(source));
      await using server = await startServe(folder, database.url);
      await using _worker = workers ? worker(folder, database.url) : null;
      const running = sluice(["run", "slow.yaml", ...args], folder, { DATABASE_URL: database.url });
      const path = await Promise.race([
        runOf(database.db),
        running.then(({ err }) => {
          throw new Error(err);
        }),
      ]);
      const { look, act, watch } = await browser(server);
      const stream = await watch(path);
      const text = await until(stream, "run", (event) => seen.test(plain(event)));
      expectIn(plain(text), /^event: run data: running/);
      // What is loaded at once is what a look shows; who runs it is who stops it.
      expectIn(plain(await look(path)), seen);
      expect((await look(path)).includes("Cancel …")).toBe(false);
      await expect(act(`${path}/cancel`, {})).rejects.toThrow(
        /409 .*another process: stop it there/,
      );
      source.letGo();
      expectIn(await until(stream, "end"), "data: succeeded");
      await stream.cancel();
      expect((await running).code).toBe(0);
      expectIn(
        plain(await look(path)),
        "succeeded",
        `${(source.rows + 2).toLocaleString("en")} rows`,
      );
      Deno.removeSync(folder, { recursive: true });
    },
  });
}

Deno.test({
  name: "watchers that come and go, or take nothing, cost the server nothing",
  ...LINUX,
  async fn() {
    await using database = await testDatabase();
    await using source = serveHttp(() => ({
      body: new TextEncoder().encode("id,name\n1,one\n"),
      headers: { "content-length": "1000" },
      stallAfter: 14,
    }));
    const folder = Deno.makeTempDirSync();
    Deno.writeTextFileSync(`${folder}/stalls.yaml`, pipeline("stalls", `${source.origin}/a.csv`));
    await using server = await startServe(folder, database.url, ["--grace", "2"]);
    const { act, watch } = await browser(server);
    const path = await act("/pipeline/stalls/run", {});
    // As many as may at once, and some more: each that goes makes room for another.
    for (let round = 0; round < 4; round++) {
      const streams = await Promise.all(Array.from({ length: 20 }, () => watch(path)));
      await Promise.all(streams.map((stream) => until(stream, "run")));
      await Promise.all(streams.map((stream) => stream.cancel()));
    }
    // One lasts longer than a request may take, and goes on to tell.
    const long = await watch(path);
    const since = performance.now();
    const reader = long.getReader();
    let heard = "";
    while (performance.now() - since < 17_000) {
      const { done, value } = await reader.read();
      if (done) throw new Error("The stream ended although the run goes on");
      heard += value;
    }
    expectIn(heard, /running 1\d\.\d s|<span>1\d\.\d s<\/span>/);
    await reader.cancel();
    const kept = await Promise.all(Array.from({ length: 24 }, () => watch(path)));
    const full = await fetch(`${server.origin}${path}/live`);
    expect([full.status, await full.text()]).toEqual([503, "Too many watch at once\n"]);
    const { port } = new URL(server.origin);
    const silent = await Deno.connect({ port: Number(port) });
    await silent.write(
      new TextEncoder().encode(`GET ${path}/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`),
    );
    expect(await (await fetch(`${server.origin}/healthz`)).text()).toBe("ok\n");
    silent.close();
    // It ends within its grace time, whoever watches.
    const began = performance.now();
    server.kill("SIGTERM");
    await server.status;
    expect(performance.now() - began).toBeLessThan(timeLimit(12_000));
    for (const stream of kept) await stream.cancel().catch(() => {});
    Deno.removeSync(folder, { recursive: true });
  },
});

/** Waits until the server has read a changed file. */
async function served(origin: string, word: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const text = await (await fetch(`${origin}/pipeline/trips/file`)).text();
    if (text.includes(word)) return;
  }
  throw new Error(`The file has no ${word} after a minute`);
}
