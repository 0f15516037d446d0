import { mapConcurrently } from "../../src/core/map_concurrently.ts";
import { randomFrom } from "../rows/random.ts";
import type { Ground } from "./ground.ts";
import type { Finding } from "./interrupt.ts";
import type { Kind, Trial } from "./kind.ts";
import type { KillPipeline } from "./pipelines.ts";

/** What to try. */
export interface HarnessOptions {
  readonly kinds: readonly Kind[];
  readonly pipelines: readonly KillPipeline[];
  readonly seed: number;
  /** Trials of each kind and pipeline, as far as there are so many; each kind's own number when left out. */
  readonly points?: number;
  /** Trials at once, where they share nothing. */
  readonly lanes: number;
  /** Hears of progress, failures, and what cannot be tried here. */
  readonly say: (line: string) => void;
}

/** A trial that was made. */
export interface Tried {
  readonly kind: string;
  readonly pipeline: string;
  readonly stage: string | null;
  readonly label: string;
  readonly result: Finding | { readonly broken: string };
}

/** Makes trials of every kind on every pipeline; what breaks is in the results, not thrown. */
export async function runHarness(ground: Ground, options: HarnessOptions): Promise<Tried[]> {
  const { kinds, pipelines, seed, points, say } = options;
  const tried: Tried[] = [];
  for (const kind of kinds) {
    for (const pipeline of pipelines) {
      const prepared = await kind.prepare(pipeline, ground);
      if ("notHere" in prepared) {
        say(`${kind.name}, ${pipeline.name}: skipped, ${prepared.notHere}`);
        continue;
      }
      await using _prepared = prepared;
      // A stream of its own, so that leaving out others changes nothing here.
      const random = randomFrom(hash(`${seed} ${kind.name} ${pipeline.name}`));
      const trials = prepared.trials(random, points ?? kind.usual);
      const lanes = kind.sideBySide ? options.lanes : 1;
      const results = await mapConcurrently(trials, lanes, async (trial) => {
        const result = await attempt(trial);
        if ("broken" in result) {
          say(`BROKEN: ${kind.name}, ${pipeline.name}, ${trial.label}\n${indent(result.broken)}`);
        }
        const { label, stage } = trial;
        return { kind: kind.name, pipeline: pipeline.name, stage, label, result };
      });
      tried.push(...results);
      say(`${kind.name}, ${pipeline.name}: ${results.length} tried`);
    }
  }
  return tried;
}

async function attempt(trial: Trial): Promise<Tried["result"]> {
  try {
    return await trial.run();
  } catch (error) {
    return { broken: messageOf(error) };
  }
}

/** With what cleaning up after the first error added to it. */
function messageOf(error: unknown): string {
  if (error instanceof SuppressedError) {
    return `${messageOf(error.suppressed)}\nand then: ${messageOf(error.error)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    value = Math.imul(value ^ byte, 0x01000193);
  }
  return value >>> 0;
}

function indent(text: string): string {
  return text.trim().split("\n").map((line) => `    ${line}`).join("\n");
}
