/**
 * Times splitting and encoding without a database, as a load does both:
 * `deno run --allow-read --allow-env bench/rows_micro.ts PIPELINE FILE [rounds] [MB]`.
 *
 * Each piece counts with the least time of all rounds, so that what else the machine does hardly shows.
 */
import { loadSpec } from "../src/spec/load_spec.ts";
import { openReader } from "../src/source/formats/mod.ts";
import { compileRows } from "../src/rows/compile_rows.ts";
import { Kernel } from "../src/rows/kernel/kernel.ts";

/** As in load/stage_rows.ts. */
const CHUNK = 1 << 16;

const [pipeline, file, rounds = "12", megabytes = "30"] = Deno.args;
const { spec, diagnostics } = loadSpec(Deno.readTextFileSync(pipeline), {
  file: pipeline,
  folder: ".",
  variables: { base: "." },
});
if (spec === null) {
  throw new Error(`${pipeline}: ${diagnostics.map(({ message }) => message).join("; ")}`);
}
const all = Deno.readFileSync(file);
const bytes = all.subarray(0, all.lastIndexOf(10, Number(megabytes) * 1e6) + 1);
const kernel = new Kernel(1);
const frame = kernel.takeFrame();
const pieces = Math.ceil(bytes.length / CHUNK);
const split = new Float64Array(pieces).fill(Infinity);
const encode = new Float64Array(pieces).fill(Infinity);
let facts = "";
for (let round = 0; round < Number(rounds); round++) {
  kernel.beginFile();
  const reader = openReader(spec.source.format, undefined, kernel);
  let encoder: ReturnType<typeof compileRows> | null = null;
  let rows = 0;
  let rejects = 0;
  let written = 0;
  for (let piece = 0; piece < pieces; piece++) {
    const at = piece * CHUNK;
    const started = performance.now();
    const batch = reader.push(bytes.subarray(at, at + CHUNK));
    const between = performance.now();
    split[piece] = Math.min(split[piece], between - started);
    if (batch === null) {
      encode[piece] = 0;
      continue;
    }
    encoder ??= compileRows(
      {
        naming: spec.source.naming,
        nullValues: spec.source.format.nullValues,
        trim: spec.source.format.trim,
        columns: spec.columns,
        newColumns: "freeze",
        missingColumns: "freeze",
        typeChanges: "freeze",
        lineColumn: false,
        offsetColumn: false,
      },
      [{ name: "file_month", type: { name: "date" }, value: "2021-01-01" }],
      { ...reader.about, header: reader.header, width: batch.width, bounds: null, kernel },
    );
    frame.length = 0;
    rows += encoder.encode(batch, frame, () => void rejects++);
    written += frame.length;
    encode[piece] = Math.min(encode[piece], performance.now() - between);
  }
  const sum = (all: Float64Array) => all.reduce((a, b) => a + b);
  const each = (milliseconds: number) => (milliseconds * 1e6 / rows).toFixed(0);
  const both = sum(split) + sum(encode);
  facts = `${rows} rows, ${rejects} rejects, ${encoder?.special.records} special, ` +
    `${(written / 1e6).toFixed(0)} MB out; ns a row: split ${each(sum(split))}, ` +
    `encode ${each(sum(encode))}; ${(bytes.length / both / 1000).toFixed(0)} MB/s`;
}
console.log(facts);
