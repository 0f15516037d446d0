/** Times reading and encoding a file that is read from its end, without a database: `deno run -A bench/stored_micro.ts PIPELINE FILE [texts]`. */
import { loadSpec } from "../src/spec/load_spec.ts";
import { openReader } from "../src/source/formats/mod.ts";
import { compileRows } from "../src/rows/compile_rows.ts";
import process from "node:process";
import { Frame } from "../src/rows/frame.ts";
import type { RowEncoder } from "../src/rows/row_encoder.ts";

const [pipeline, file, mode] = Deno.args;
const { spec, diagnostics } = loadSpec(Deno.readTextFileSync(pipeline), {
  file: pipeline,
  folder: ".",
  variables: {},
});
if (spec === null) {
  throw new Error(`${pipeline}: ${diagnostics.map(({ message }) => message).join("; ")}`);
}
const bytes = Deno.readFileSync(file);
const input = {
  size: bytes.length,
  shown: file,
  read: (start: number, end: number) => Promise.resolve(bytes.slice(start, end)),
  confirm: () => Promise.resolve(),
};
const plan = {
  naming: spec.source.naming,
  nullValues: spec.source.format.nullValues,
  trim: spec.source.format.trim,
  columns: spec.columns,
  newColumns: "evolve" as const,
  missingColumns: "freeze" as const,
  typeChanges: "freeze" as const,
  lineColumn: false,
  offsetColumn: false,
};
for (let round = 0; round < 5; round++) {
  const others = mode === "texts" ? "count" : "skip";
  const reader = openReader(spec.source.format, { columns: spec.columns, others });
  const frame = new Frame(1 << 21);
  let encoder: RowEncoder | null = null;
  let rows = 0;
  let rejects = 0;
  let written = 0;
  let encoding = 0;
  const started = performance.now();
  const cpu = process.cpuUsage();
  for await (const batch of reader.batches!(input)) {
    const before = performance.now();
    encoder ??= compileRows(
      plan,
      [{ name: "file_month", type: { name: "date" }, value: "2021-01-01" }],
      { ...reader.about, header: reader.header, width: batch.width, bounds: null },
    );
    frame.length = 0;
    rows += encoder.encode(batch, frame, () => void rejects++);
    written += frame.length;
    encoding += performance.now() - before;
  }
  const all = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${rows} rows, ${rejects} rejects, ${(written / 1e6).toFixed(0)} MB out, ` +
      `${all.toFixed(0)} ms (encoding ${encoding.toFixed(0)} ms), ${
        ((user + system) / 1000).toFixed(0)
      } ms of CPU`,
  );
}
