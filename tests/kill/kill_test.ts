import { expect } from "packages/expect.ts";
import { pick, randomFrom } from "../rows/random.ts";
import { killAtStep } from "./at_steps.ts";
import { diskFull, logFull } from "./disk_full.ts";
import { downloadCut, downloadGone, downloadRestarted } from "./downloads.ts";
import { openGround } from "./ground.ts";
import { runHarness } from "./harness.ts";
import type { Kind } from "./kind.ts";
import { KINDS } from "./kinds.ts";
import { PIPELINES } from "./pipelines.ts";
import { restartFast, restartImmediate, serverKilled } from "./server_down.ts";
import { twoFirstRuns } from "./two_runs.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** Much alike: the seed chooses one of each row. */
const ALIKE: readonly (readonly Kind[])[] = [
  [restartFast, restartImmediate, serverKilled],
  [downloadCut, downloadRestarted, downloadGone],
];

/** Slow, and not every machine may mount a disk: `deno task kill` tries them. */
const SLOW: readonly Kind[] = [diskFull, logFull];

/** Half a minute of what `deno task kill` does: nearly every kind, on a pipeline that the seed chooses. */
Deno.test(`an interrupted run leaves the old version or the new one (SLUICE_SEED=${SEED})`, async (t) => {
  if (Deno.build.os === "windows") return console.log("skipped: Windows has no such signals");
  console.log(`SLUICE_SEED=${SEED}`);
  await using ground = openGround();
  const random = randomFrom(SEED);
  const pipeline = pick(random, PIPELINES);
  const spared = ALIKE.flatMap((kinds) => {
    const one = pick(random, kinds);
    return kinds.filter((kind) => kind !== one);
  });
  for (const kind of KINDS.filter((kind) => !SLOW.includes(kind) && !spared.includes(kind))) {
    await t.step(kind.name, async () => {
      const broken: string[] = [];
      const tried = await runHarness(ground, {
        kinds: [kind],
        pipelines: kind === twoFirstRuns ? FIRST : [pipeline],
        seed: SEED,
        points: kind === killAtStep ? 8 : 1,
        lanes: 2,
        say: (line) => /^BROKEN/.test(line) && broken.push(line),
      });
      for (const { pipeline, label } of tried) console.log(`${pipeline}: ${label}`);
      expect(broken).toEqual([]);
    });
  }
});

const FIRST = PIPELINES.filter(({ loads }) => loads.length === 1);
