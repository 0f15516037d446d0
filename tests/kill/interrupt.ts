import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { type Arena, type ArenaDatabase, listTables, withDatabase } from "./arena.ts";
import type { KillPipeline } from "./pipelines.ts";
import { type Outcome, runHere } from "./command_line.ts";
import {
  leftovers,
  type PartitionState,
  readContent,
  readState,
  settle,
  type State,
} from "./state.ts";

/** One place at which a run is interrupted. */
export interface Point {
  /** Starts a run on the copy, interrupts it, and waits until it is over. */
  interrupt(copy: ArenaDatabase): Promise<Outcome>;
}

/** How a kind of interruption lets a run end. */
export interface Ending {
  /** Exit codes that tell the truth; null: it had no chance to say anything. */
  readonly codes: readonly number[] | null;
  /** Nothing may be left behind even before the next run. */
  readonly clean: boolean;
  /** Somebody reads the table all the while. */
  readonly watched: boolean;
  /** What follows `create database … template …`. */
  readonly copyOptions?: string;
}

/** What came of a point. */
export type Verdict = "old" | "new" | "some partitions new";

/** How a point went: what was live after it, and whether the command said otherwise. */
export interface Finding {
  readonly verdict: Verdict;
  /** The new version was live although the exit code was none of success. */
  readonly understated: boolean;
  readonly code: number;
}

/**
 * Interrupts one run at one point and holds what it leaves against the promise.
 *
 * The live table is the old version or the new one, the ledger agrees, and the next run sweeps what
 * was left and reaches what an undisturbed run reaches.
 *
 * @throws Error that says what is broken
 */
export async function tryPoint(arena: Arena, point: Point, ending: Ending): Promise<Finding> {
  await using copy = await arena.copy(ending.copyOptions);
  const watch = ending.watched ? startWatch(arena, copy) : null;
  let outcome: Outcome;
  try {
    outcome = await point.interrupt(copy);
  } finally {
    await watch?.stop();
  }
  if (ending.codes !== null && !ending.codes.includes(outcome.code)) {
    throw new Error(`It ended with ${outcome.code}:\n${outcome.err}${outcome.out}`);
  }
  const verdict = await withDatabase(copy, async (db) => {
    await settle(db);
    const verdict = judge(await readState(db, arena.pipeline), arena);
    if (outcome.code === 0) expect(verdict).toBe("new");
    if (ending.clean) await requireClean(db, arena);
    return verdict;
  });
  await recover(arena, copy);
  const spoke = outcome.signal === null;
  return {
    verdict,
    understated: spoke && verdict === "new" && outcome.code !== 0,
    code: outcome.code,
  };
}

/** The next run finds what was left and reaches what an undisturbed run reaches. */
async function recover(arena: Arena, copy: ArenaDatabase): Promise<void> {
  const { code, out, err } = await runHere(arena.folder, copy.url, arena.args);
  if (code !== 0) throw new Error(`The next run ended with ${code}:\n${err}${out}`);
  await withDatabase(copy, async (db) => {
    await settle(db);
    await requireNew(db, arena);
  });
}

/** Throws unless all is as after an undisturbed run, and nothing more is there. */
export async function requireNew(db: Database, arena: Arena): Promise<void> {
  expect(Object.fromEntries(await readState(db, arena.pipeline)))
    .toEqual(Object.fromEntries(arena.new));
  await requireClean(db, arena);
  const tables = await listTables(db, arena.pipeline);
  expect(arena.tables.filter((name) => !tables.includes(name))).toEqual([]);
}

async function requireClean(db: Database, { pipeline }: Arena): Promise<void> {
  expect(await leftovers(db, pipeline)).toEqual([]);
}

const NOTHING: PartitionState = { content: null, live: null, rows: 0, rejects: 0 };

/** What a state is held against. */
export type Judged = Pick<Arena, "old" | "new"> & {
  readonly pipeline: Pick<KillPipeline, "together">;
};

/** Old or new, each partition by itself or all together; anything else is thrown. */
export function judge(state: State, arena: Judged): Verdict {
  const names = new Set([...state.keys(), ...arena.old.keys(), ...arena.new.keys()]);
  let olds = 0;
  let news = 0;
  for (const name of names) {
    const now = JSON.stringify(state.get(name) ?? NOTHING);
    const before = JSON.stringify(arena.old.get(name) ?? NOTHING);
    const after = JSON.stringify(arena.new.get(name) ?? NOTHING);
    // What the load leaves alone is both, and tells nothing.
    if (now === before && now === after) continue;
    if (now === before) olds++;
    else if (now === after) news++;
    else {
      throw new Error(`Neither old nor new: ${name}
  is  ${now}
  old ${before}
  new ${after}`);
    }
  }
  if (arena.pipeline.together && news > 0 && olds > 0) {
    throw new Error(
      "Some partitions are new and some are old, which were to be published together",
    );
  }
  return news === 0 ? "old" : olds === 0 ? "new" : "some partitions new";
}

/** Reads the live table again and again: never may a reader see anything between. */
function startWatch(arena: Arena, copy: ArenaDatabase): { stop(): Promise<void> } {
  let going = true;
  const { pipeline } = arena;
  const allowed = (name: string, checksum: string | null) =>
    [arena.old, arena.new].some((state) => (state.get(name)?.content ?? null) === checksum);
  const watching = withDatabase(copy, async (db) => {
    while (going) {
      const content = await readContent(db, pipeline);
      const seen = new Set<string>();
      for (const name of new Set([...arena.old.keys(), ...arena.new.keys(), ...content.keys()])) {
        const { checksum = null, rows = 0 } = content.get(name) ?? {};
        if (!allowed(name, checksum)) {
          throw new Error(`A reader saw neither old nor new: ${name}, ${rows} rows`);
        }
        const old = arena.old.get(name)?.content ?? null;
        if (old !== (arena.new.get(name)?.content ?? null)) {
          seen.add(checksum === old ? "old" : "new");
        }
      }
      if (pipeline.together && seen.size > 1) {
        throw new Error("A reader saw some partitions new and some old");
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  watching.catch(() => {});
  return {
    async stop() {
      going = false;
      await watching;
    },
  };
}
