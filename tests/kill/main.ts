/**
 * Interrupts runs of the command line at hundreds of points and holds what they leave against what
 * docs/reliability.md promises.
 *
 *     deno task kill [--points N] [--mode PIPELINE] [--kind WORDS] [--lanes N]
 *
 * `--points`: of each kind and pipeline, where there are so many; `--mode` and `--kind` may be given repeatedly;
 * a kind by any part of its name. SLUICE_SEED chooses the points. Prints Markdown.
 */
import { parseArgs } from "node:util";
import { openGround } from "./ground.ts";
import { runHarness } from "./harness.ts";
import { KINDS } from "./kinds.ts";
import { PIPELINES } from "./pipelines.ts";
import { report } from "./report.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    points: { type: "string" },
    mode: { type: "string", multiple: true },
    kind: { type: "string", multiple: true },
    lanes: { type: "string", default: "2" },
  },
});
const seed = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const kinds = KINDS.filter(({ name }) =>
  values.kind?.some((words) => name.includes(words)) ?? true
);
const pipelines = PIPELINES.filter(({ name }) => values.mode?.includes(name) ?? true);
console.log(`SLUICE_SEED=${seed}`);
const started = performance.now();
let tried;
{
  await using ground = openGround();
  tried = await runHarness(ground, {
    kinds,
    pipelines,
    seed,
    ...(values.points === undefined ? {} : { points: Number(values.points) }),
    lanes: Number(values.lanes),
    say: (line) => console.log(line),
  });
}
console.log(`\n${report(tried)}\n`);
const broken = tried.filter(({ result }) => "broken" in result).length;
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(`SLUICE_SEED=${seed}: ${tried.length} points in ${minutes} minutes, ${broken} broken`);
Deno.exit(broken === 0 && tried.length > 0 ? 0 : 1);
