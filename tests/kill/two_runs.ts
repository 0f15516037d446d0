import { expect } from "packages/expect.ts";
import { type Arena, type ArenaDatabase, requireSuccess, withDatabase } from "./arena.ts";
import { brief } from "./at_steps.ts";
import { type Outcome, startRun } from "./command_line.ts";
import { type Finding, requireNew, tryPoint } from "./interrupt.ts";
import type { Kind, Trial } from "./kind.ts";
import { type PostgresProxy, proxyPostgres } from "./postgres_proxy.ts";
import { settle } from "./state.ts";

/** Two processes, one target, one moment. */
export const twoAtOnce: Kind = {
  name: "two runs of one target at once",
  about: "one publishes; the other ends with 75 and says why, or comes late and has nothing to do",
  usual: 10,
  sideBySide: false,
  async prepare(pipeline, ground) {
    const arena = await ground.arena(pipeline);
    return {
      trials: (_random, wanted) =>
        Array.from({ length: wanted }, (_, round) => ({
          label: `round ${round + 1}`,
          stage: null,
          run: () => runTwoAtOnce(arena),
        })),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

async function runTwoAtOnce(arena: Arena): Promise<Finding> {
  await using copy = await arena.copy();
  const runs = [1, 2].map(() => startRun(arena.folder, copy.url, arena).ended);
  const outcomes = await Promise.all(runs);
  const codes = outcomes.map(({ code }) => code).sort((a, b) => a - b);
  if (codes[0] !== 0 || (codes[1] !== 0 && codes[1] !== 75)) throw unexpected(outcomes);
  const turnedAway = outcomes.find(({ code }) => code === 75);
  if (turnedAway !== undefined) expect(turnedAway.err).toContain("Another run is loading");
  await withDatabase(copy, async (db) => {
    await settle(db);
    await requireNew(db, arena);
  });
  return { verdict: "new", understated: false, code: codes[1] };
}

/**
 * A run whose lock is gone while it works on, and another one that has the lock now.
 *
 * The first one halts before one of its steps, and the connection that holds its lock is cut, as a
 * firewall does with connections that are idle. The second one starts, and halts before one of its
 * own. Then the first one goes on to its end, and then the second.
 */
export const lockLost: Kind = {
  name: "the lock's connection cut, and another run meanwhile",
  about: "two runs at work on one target: neither may touch what the other has staged",
  usual: 20,
  sideBySide: true,
  async prepare(pipeline, ground) {
    const arena = await ground.arena(pipeline);
    const { steps } = arena.trace;
    return {
      trials: (random, wanted) =>
        Array.from({ length: wanted }, () => {
          // From the first statement after the lock on.
          const [first, second] = [1, 2].map(() =>
            steps[2 + Math.floor(random() * (steps.length - 2))]
          );
          return lockLostTrial(arena, [first.index, second.index], {
            label: `first at ${first.index} (${brief(first)}), second at ${second.index} (${
              brief(second)
            })`,
            stage: first.stage,
          });
        }),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

/** Two targets: what the one does never stops the other. */
export const twoTargets: Kind = {
  name: "another target's run halted",
  about: "at a random step, its publish transaction included; this target's run does not wait",
  usual: 4,
  sideBySide: false,
  async prepare(pipeline, ground) {
    if (pipeline.loads.length === 1) return { notHere: "the first run of all makes the ledger" };
    const arena = await ground.arena(pipeline);
    await writeOther(arena);
    return {
      trials: (random, wanted) =>
        Array.from({ length: wanted }, () => {
          const at = 2 + Math.floor(random() * (arena.trace.steps.length - 2));
          const interrupt = async (copy: ArenaDatabase): Promise<Outcome> => {
            const other = halting(copy, at, () => {});
            await using _proxy = other.proxy;
            const halted = startRun(arena.folder, other.proxy.url, { file: OTHER });
            await Promise.race([other.halted, halted.ended]);
            const outcome = await startRun(arena.folder, copy.url, arena).ended;
            other.go();
            requireSuccess(await halted.ended);
            return outcome;
          };
          const ending = { codes: [0], clean: false, watched: false };
          return {
            label: `the other one at step ${at}`,
            stage: null,
            run: () => tryPoint(arena, { interrupt }, ending),
          };
        }),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

/** Two targets in a database where nothing is: both make the ledger and the schema. */
export const twoFirstRuns: Kind = {
  name: "first runs of two targets at once",
  about: "in an empty database: both publish",
  usual: 20,
  sideBySide: false,
  async prepare(pipeline, ground) {
    if (pipeline.loads.length > 1) return { notHere: "only first runs make the ledger" };
    const arena = await ground.arena(pipeline);
    await writeOther(arena);
    const interrupt = async (copy: ArenaDatabase): Promise<Outcome> => {
      const other = startRun(arena.folder, copy.url, { file: OTHER }).ended;
      const outcome = await startRun(arena.folder, copy.url, arena).ended;
      requireSuccess(await other);
      return outcome;
    };
    const ending = { codes: [0], clean: false, watched: false };
    return {
      trials: (_random, wanted) =>
        Array.from({ length: wanted }, (_, round) => ({
          label: `round ${round + 1}`,
          stage: null,
          run: () => tryPoint(arena, { interrupt }, ending),
        })),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

const OTHER = "other.yaml";

/** The same pipeline into another table of the same schema. */
async function writeOther({ folder, pipeline }: Arena): Promise<void> {
  const yaml = pipeline.yaml.replace(/^pipeline: /, "pipeline: other_")
    .replace("table: shop.", "table: shop.other_");
  await Deno.writeTextFile(`${folder}/${OTHER}`, yaml);
}

/** Milliseconds after which a run that waits for the other one is no longer waited for. */
const STUCK = 2_000;

function lockLostTrial(
  arena: Arena,
  [first, second]: readonly [number, number],
  name: Pick<Trial, "label" | "stage">,
): Trial {
  const interrupt = async (copy: ArenaDatabase): Promise<Outcome> => {
    const a = halting(copy, first, cutLock);
    const b = halting(copy, second, () => {});
    await using _proxies = { [Symbol.asyncDispose]: () => disposeAll(a.proxy, b.proxy) };
    const runA = startRun(arena.folder, a.proxy.url, arena);
    await Promise.race([a.halted, runA.ended]);
    const runB = startRun(arena.folder, b.proxy.url, arena);
    await Promise.race([b.halted, runB.ended, wait(STUCK)]);
    a.go();
    await Promise.race([runA.ended, wait(STUCK)]);
    b.go();
    const outcomes = await Promise.all([runA.ended, runB.ended]);
    const codes = outcomes.map(({ code }) => code);
    if (codes.some((code) => code !== 0 && code !== 75) || !codes.includes(0)) {
      throw unexpected(outcomes);
    }
    return outcomes[0].code === 0 ? outcomes[0] : outcomes[1];
  };
  const ending = { codes: [0], clean: false, watched: false };
  return { ...name, run: () => tryPoint(arena, { interrupt }, ending) };
}

function cutLock({ steps }: PostgresProxy): void {
  steps.find(({ sql }) => sql.includes("pg_try_advisory_lock"))?.link.cut();
}

/** A proxy that stops at a step until it is told to go on. */
function halting(copy: ArenaDatabase, index: number, onHalt: (proxy: PostgresProxy) => void) {
  const halted = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const proxy: PostgresProxy = proxyPostgres(copy.url, {
    async onStep(step, moment) {
      if (step.index !== index || moment !== "before") return;
      onHalt(proxy);
      halted.resolve();
      await goOn.promise;
    },
  });
  return { proxy, halted: halted.promise, go: () => goOn.resolve() };
}

async function disposeAll(...resources: readonly AsyncDisposable[]): Promise<void> {
  for (const resource of resources) await resource[Symbol.asyncDispose]();
}

function unexpected(outcomes: readonly Outcome[]): Error {
  return new Error(
    outcomes.map(({ code, err }, at) => `Run ${at + 1} ended with ${code}:\n${err}`).join(""),
  );
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
