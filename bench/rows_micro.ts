/** Times scanning and encoding without a database: `deno run --allow-read --allow-env bench/rows_micro.ts PIPELINE FILE`. */
import { loadSpec } from "../src/spec/load_spec.ts";
import { openReader } from "../src/source/formats/mod.ts";
import { compileRows } from "../src/rows/compile_rows.ts";
import { Frame } from "../src/rows/frame.ts";

const [pipeline, file] = Deno.args;
const { spec, diagnostics } = loadSpec(Deno.readTextFileSync(pipeline), {
  file: pipeline,
  folder: ".",
  variables: {},
});
if (spec === null) {
  throw new Error(`${pipeline}: ${diagnostics.map(({ message }) => message).join("; ")}`);
}
const bytes = Deno.readFileSync(file);
const CHUNK = Number(Deno.args[2] ?? 1024) * 1024;
for (let round = 0; round < 5; round++) {
  const reader = openReader(spec.source.format);
  const frame = new Frame(1 << 21);
  let encoder: ReturnType<typeof compileRows> | null = null;
  let rows = 0;
  let rejects = 0;
  let written = 0;
  let encoding = 0;
  const started = performance.now();
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const batch = reader.push(bytes.subarray(at, at + CHUNK));
    if (batch === null) continue;
    const before = performance.now();
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
      { header: reader.header, width: batch.width, bounds: null },
    );
    frame.length = 0;
    rows += encoder.encode(batch, frame, () => void rejects++);
    written += frame.length;
    encoding += performance.now() - before;
  }
  const all = performance.now() - started;
  console.log(
    `${rows} rows, ${rejects} rejects, ${(written / 1e6).toFixed(0)} MB out, ` +
      `${all.toFixed(0)} ms (encoding ${encoding.toFixed(0)} ms), ` +
      `${(bytes.length / all / 1000).toFixed(0)} MB/s`,
  );
}
