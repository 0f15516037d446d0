/** Times the CSV scanner alone: `deno run --allow-read bench/scan_micro.ts FILE [chunk KiB]`. */
import { openReader } from "../src/source/formats/mod.ts";
import { CSV } from "../tests/support/csv_options.ts";

const [file, kib = "1024"] = Deno.args;
const bytes = Deno.readFileSync(file);
const chunk = Number(kib) * 1024;
for (let round = 0; round < 5; round++) {
  const reader = openReader(CSV);
  let rows = 0;
  let malformed = 0;
  const start = performance.now();
  for (let at = 0; at <= bytes.length; at += chunk) {
    const batch = at === bytes.length
      ? reader.finish()
      : reader.push(bytes.subarray(at, at + chunk));
    rows += batch?.count ?? 0;
    malformed += batch?.malformed.length ?? 0;
  }
  const batch = reader.finish();
  rows += batch?.count ?? 0;
  const ms = performance.now() - start;
  console.log(
    `${rows} rows, ${malformed} malformed, ${ms.toFixed(0)} ms, ${
      (bytes.length / ms / 1000).toFixed(0)
    } MB/s`,
  );
}
