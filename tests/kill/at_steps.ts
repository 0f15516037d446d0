import type { Arena, ArenaDatabase } from "./arena.ts";
import { type Outcome, type Running, startRun } from "./command_line.ts";
import { type Ending, tryPoint } from "./interrupt.ts";
import { type Kind, sample, type Trial } from "./kind.ts";
import { type Moment, type PostgresProxy, proxyPostgres, type Step } from "./postgres_proxy.ts";
import type { TracedStep } from "./trace.ts";

/** What happens when a step is reached. */
type Act = (run: Proxied, step: Step) => void | Promise<void>;

/** A run whose connections pass a proxy. */
interface Proxied {
  readonly running: Running;
  readonly proxy: PostgresProxy;
}

const MOMENTS: readonly Moment[] = ["before", "sent", "answered"];

/** Ends the process as the kernel does when memory is short, and its connections with it. */
const killProcess: Act = async ({ running }, { link }) => {
  running.kill("SIGKILL");
  await running.ended;
  // What was held up here must not reach the server after all.
  link.cut();
};

/** Asks the process to stop, and gives it a moment to hear that before its step goes on. */
const terminateProcess: Act = async ({ running }) => {
  running.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 30));
};

/** The process ends without a word, at each step it takes with the database. */
export const killAtStep: Kind = atSteps({
  name: "SIGKILL at a step",
  about: "before a statement is sent, once it is sent, once it is answered; and within COPY",
  usual: 50,
  moments: MOMENTS,
  act: killProcess,
  ending: { codes: null, clean: false, watched: false },
});

/** One connection is gone, the process goes on. */
export const cutAtStep: Kind = atSteps({
  name: "connection cut at a step",
  about: "the connection of the step; its answer may be lost after it took effect",
  usual: 20,
  moments: MOMENTS,
  act: (_, { link }) => link.cut(),
  ending: { codes: [0, 75], clean: false, watched: false },
});

/** Every connection is gone at once. */
export const cutAllAtStep: Kind = atSteps({
  name: "all connections cut at a step",
  about: "the lock's too, as when a network or a pooler goes away for a moment",
  usual: 10,
  moments: MOMENTS,
  act: ({ proxy }) => proxy.cutAll(),
  ending: { codes: [0, 75], clean: false, watched: false },
});

/** The process is asked to stop. */
export const terminateAtStep: Kind = atSteps({
  name: "SIGTERM at a step",
  about: "it stops cleanly: nothing is left behind even before the next run",
  usual: 12,
  moments: ["before", "answered"],
  act: terminateProcess,
  ending: { codes: [0, 143], clean: true, watched: false },
});

/** One byte of the stream is the last one to arrive. */
export const cutAtByte: Kind = {
  name: "connection cut at a byte",
  about: "at random bytes of what is sent to Postgres, most of them in the middle of COPY",
  usual: 10,
  sideBySide: true,
  async prepare(pipeline, ground) {
    const arena = await ground.arena(pipeline);
    return {
      trials: (random, wanted) =>
        Array.from({ length: wanted }, () => {
          const byte = Math.floor(random() * arena.trace.bytes);
          const point = {
            label: `byte ${byte}`,
            interrupt: (copy: ArenaDatabase) => runThroughProxy(arena, copy, () => {}, byte),
          };
          const ending = { codes: [0, 75], clean: false, watched: false };
          return { ...point, stage: null, run: () => tryPoint(arena, point, ending) };
        }),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

interface StepKind extends Pick<Kind, "name" | "about" | "usual"> {
  readonly moments: readonly Moment[];
  readonly act: Act;
  readonly ending: Ending;
}

function atSteps({ name, about, usual, moments, act, ending }: StepKind): Kind {
  return {
    name,
    about,
    usual,
    sideBySide: true,
    async prepare(pipeline, ground) {
      const arena = await ground.arena(pipeline);
      const all = arena.trace.steps.flatMap((step) =>
        moments
          // Nothing answers a part of a COPY.
          .filter((moment) => step.kind !== "copy_data" || moment !== "answered")
          .map((moment) => trialAtStep(arena, step, moment, act, ending))
      );
      return {
        trials: (random, wanted) => sample(random, all, wanted, ({ stage }) => stage),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}

function trialAtStep(
  arena: Arena,
  step: TracedStep,
  moment: Moment,
  act: Act,
  ending: Ending,
): Trial {
  const point = {
    label: `${moment} step ${step.index}, ${brief(step)}`,
    interrupt: (copy: ArenaDatabase) =>
      runThroughProxy(arena, copy, async (run, now, at) => {
        if (now.index === step.index && at === moment) await act(run, now);
      }),
  };
  return { label: point.label, stage: step.stage, run: () => tryPoint(arena, point, ending) };
}

/** Runs the pipeline through a proxy; what is heard there may act on the run. */
export async function runThroughProxy(
  arena: Arena,
  copy: ArenaDatabase,
  listen: (run: Proxied, step: Step, moment: Moment) => void | Promise<void>,
  cutAtByte = Infinity,
): Promise<Outcome> {
  let running: Running | null = null;
  await using proxy: PostgresProxy = proxyPostgres(copy.url, {
    onStep: (step, moment) => listen({ running: running!, proxy }, step, moment),
    cutAtByte,
  });
  running = startRun(arena.folder, proxy.url, arena);
  return await running.ended;
}

/** A step, in the few words that a label has room for. */
export function brief({ kind, sql }: Pick<TracedStep, "kind" | "sql">): string {
  if (kind !== "statement") return kind.replace("_", " ");
  return sql.trim().replace(/\s+/g, " ").slice(0, 60);
}
