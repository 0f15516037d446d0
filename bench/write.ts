// `deno task bench:write`: makes the tables and charts of the pages from `bench/results/`.
import { chartsOf, readResults, sectionsOf, withResults } from "./pages.ts";

const ROOT = new URL("../", import.meta.url);
const PAGES = ["README.md", "docs/performance.md"];

const results = readResults();
const sections = sectionsOf(results);
for (const path of PAGES) {
  const url = new URL(path, ROOT);
  Deno.writeTextFileSync(url, withResults(Deno.readTextFileSync(url), sections));
}
for (const [path, chart] of chartsOf(results)) Deno.writeTextFileSync(new URL(path, ROOT), chart);
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["fmt", "--quiet", ...PAGES],
  cwd: ROOT,
}).spawn().status;
Deno.exitCode = code;
