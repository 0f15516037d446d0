import { gzipSync } from "node:zlib";
import { type Answer, answerFile, type ServedRequest, serveHttp } from "../support/http_server.ts";
import { testServerUrl } from "../support/postgres.ts";
import { type Arena, type ArenaDatabase, openArena } from "./arena.ts";
import { startRun } from "./command_line.ts";
import { tryPoint } from "./interrupt.ts";
import type { Kind, Trial } from "./kind.ts";
import type { KillPipeline } from "./pipelines.ts";

/** The connection breaks once, and the server can go on from any byte. */
export const downloadCut: Kind = downloads({
  name: "download cut, and resumed",
  about: "one answer ends at a random byte; the next one goes on there",
  codes: [0],
  answer: (file, cutAfter, broken) => broken ? file : { ...file, cutAfter },
});

/** The connection breaks once, and the server cannot go on in the middle. */
export const downloadRestarted: Kind = downloads({
  name: "download cut, and begun anew",
  about: "the server knows no ranges and sends the whole file again: the load starts over",
  codes: [0],
  wholeOnly: true,
  answer: (file, cutAfter, broken) => broken ? file : { ...file, cutAfter },
});

/** The server goes away in the middle of a file. */
export const downloadGone: Kind = downloads({
  name: "download cut for good",
  about: "from a random byte on nothing comes any more: nothing is published",
  codes: [75],
  answer: (file, cutAfter, broken) => ({ ...file, cutAfter: broken ? 0 : cutAfter }),
});

interface DownloadKind extends Pick<Kind, "name" | "about"> {
  readonly codes: readonly number[];
  /** The server sends whole files, whatever is asked for. */
  readonly wholeOnly?: boolean;
  /** What a request is answered; `broken`: one answer was cut already. */
  answer(file: Answer, cutAfter: number, broken: boolean): Answer;
}

function downloads({ name, about, codes, wholeOnly = false, answer }: DownloadKind): Kind {
  return {
    name,
    about,
    usual: 4,
    sideBySide: false,
    async prepare(pipeline, ground) {
      const web = await ground.once(`arena ${pipeline.name} on the web`, () => openWeb(pipeline));
      const { arena } = web;

      function trial(byte: number): Trial {
        const interrupt = async (copy: ArenaDatabase) => {
          let broken = false;
          web.disturb((request, file) => {
            if (request.method !== "GET") return file;
            const given = answer(file, byte, broken);
            broken = true;
            return given;
          }, wholeOnly);
          const outcome = await startRun(arena.folder, copy.url, arena).ended;
          web.disturb((_, file) => file, false);
          return outcome;
        };
        const ending = { codes, clean: true, watched: false };
        return {
          label: `byte ${byte}`,
          stage: null,
          run: () => tryPoint(arena, { interrupt }, ending),
        };
      }

      return {
        trials: (random, wanted) =>
          Array.from({ length: wanted }, () => trial(Math.floor(random() * web.size()))),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}

/** An arena whose files come from a web server. */
interface Web extends AsyncDisposable {
  readonly arena: Arena;
  /** Bytes of the smallest file there is now. */
  size(): number;
  /** Answers requests in another way; `wholeOnly`: ranges are not understood. */
  disturb(change: (request: ServedRequest, answer: Answer) => Answer, wholeOnly: boolean): void;
}

async function openWeb(pipeline: KillPipeline): Promise<Web> {
  let files: Readonly<Record<string, string>> = {};
  let change = (_request: ServedRequest, answer: Answer) => answer;
  let wholeOnly = false;

  function respond(request: ServedRequest): Answer {
    const body = files[request.path.slice(1)];
    if (body === undefined) return { status: 404 };
    const bytes = new TextEncoder().encode(body);
    const asked = wholeOnly ? { ...request, headers: {} } : request;
    return change(request, answerFile(asked, { body: bytes, etag: `"${bytes.length}"` }));
  }

  await using stack = new AsyncDisposableStack();
  const server = stack.use(serveHttp(respond));
  const arena = stack.use(
    await openArena(pipeline, {
      serverUrl: await testServerUrl(),
      base: server.origin,
      serve: (load) => files = load,
    }),
  );
  const kept = stack.move();
  return {
    arena,
    size: () => Math.min(...Object.values(files).map(({ length }) => length)),
    disturb: (how, whole) => [change, wholeOnly] = [how, whole],
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A file that is not all there. */
export const fileCut: Kind = {
  name: "gzip file cut",
  about: "a local .gz file ends at a random byte, as a broken copy leaves it",
  usual: 4,
  sideBySide: false,
  async prepare(pipeline, ground) {
    const arena = await ground.arena(pipeline);
    const [name, content] = Object.entries(pipeline.loads.at(-1)!)[0];
    const path = `${arena.folder}/${name}`;
    const whole = gzipSync(content);
    return {
      trials: (random, wanted) =>
        Array.from({ length: wanted }, () => {
          // Of a file that is empty, or has only the first byte, nobody can say that it was a .gz.
          const byte = 2 + Math.floor(random() * (whole.length - 2));
          const point = {
            async interrupt(copy: { url: string }) {
              await Deno.writeFile(path, whole.subarray(0, byte));
              const outcome = await startRun(arena.folder, copy.url, arena).ended;
              await Deno.writeTextFile(path, content);
              return outcome;
            },
          };
          const ending = { codes: [1, 3, 75], clean: true, watched: false };
          return { label: `byte ${byte}`, stage: null, run: () => tryPoint(arena, point, ending) };
        }),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};
