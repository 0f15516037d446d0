import type { Finding } from "./interrupt.ts";
import type { Ground } from "./ground.ts";
import type { KillPipeline } from "./pipelines.ts";

/** One way to disturb a run. */
export interface Kind {
  readonly name: string;
  readonly about: string;
  /** Trials for each pipeline where nobody asks for another number. */
  readonly usual: number;
  /** Trials may run two at a time: they share nothing. */
  readonly sideBySide: boolean;
  /** Null where this pipeline or this machine has no such trials; why is printed. */
  prepare(pipeline: KillPipeline, ground: Ground): Promise<Prepared | NotHere>;
}

/** The trials of one kind and pipeline. */
export interface Prepared extends AsyncDisposable {
  /** Up to `wanted` of them, chosen by `random`, numbers in [0, 1). */
  trials(random: () => number, wanted: number): readonly Trial[];
}

/** Why there are no trials. */
export interface NotHere {
  readonly notHere: string;
}

/** One interruption of one run, and what is held against the promise after it. */
export interface Trial {
  /** Tells this one from all others of its kind and pipeline. */
  readonly label: string;
  /** The part of the run it lies in, where that is known. */
  readonly stage: string | null;
  /** @throws Error that says what is broken */
  run(): Promise<Finding>;
}

/** Some of the items in their order, each once; one of every group before a second of any. */
export function sample<T>(
  random: () => number,
  items: readonly T[],
  wanted: number,
  groupOf: (item: T) => unknown = () => null,
): readonly T[] {
  const drawn = items.map((item, at) => ({ at, key: random(), group: groupOf(item) }))
    .sort((a, b) => a.key - b.key);
  const seen = new Set<unknown>();
  const firsts = drawn.filter(({ group }) => !seen.has(group) && seen.add(group));
  const chosen = [...firsts, ...drawn.filter((each) => !firsts.includes(each))].slice(0, wanted);
  return chosen.sort((a, b) => a.at - b.at).map(({ at }) => items[at]);
}
