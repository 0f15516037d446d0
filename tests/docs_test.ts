import { expect } from "packages/expect.ts";
import { chartsOf, readResults, sectionsOf, withoutLayout, withResults } from "../bench/pages.ts";
import { pipelineJsonSchemaText } from "../src/spec/json_schema.ts";
import { withKeyTables } from "../src/spec/reference.ts";
import { headingsOf, linksOf, withContents } from "./docs/page.ts";

const ROOT = new URL("../", import.meta.url);
const DOCS = [...Deno.readDirSync(new URL("docs/", ROOT))]
  .map(({ name }) => `docs/${name}`)
  .filter((path) => path.endsWith(".md"))
  .sort();
const PAGES = ["README.md", "CONTRIBUTING.md", "src/README.md", ...DOCS];

const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

Deno.test("docs/README.md lists every page", () => {
  const index = read("docs/README.md");
  for (const path of DOCS) {
    const page = path.replace("docs/", "");
    if (page !== "README.md") expect(index).toContain(`](${page})`);
  }
});

for (const path of DOCS) {
  Deno.test(`${path} has a table of contents that matches its headings`, () => {
    const page = read(path);
    // Out of date? `deno task contents` writes it.
    expect(page).toBe(withContents(page));
  });
}

Deno.test("`deno task schema` has written the JSON Schema and the tables of docs/pipeline.md", () => {
  const page = read("docs/pipeline.md");
  const stale = [
    ...(read("schemas/pipeline.schema.json") === pipelineJsonSchemaText() ? [] : ["JSON Schema"]),
    ...(page === withKeyTables(page) ? [] : ["docs/pipeline.md"]),
  ];
  expect(stale).toEqual([]);
});

Deno.test("`deno task bench:write` has written the tables and charts of what was measured", () => {
  const results = readResults();
  const sections = sectionsOf(results);
  const stale = ["README.md", "docs/performance.md"].filter((path) => {
    const page = read(path);
    return withoutLayout(page) !== withoutLayout(withResults(page, sections));
  });
  for (const [path, chart] of chartsOf(results)) if (read(path) !== chart) stale.push(path);
  expect(stale).toEqual([]);
  // What tools said of their failures names nobody's folders.
  expect(JSON.stringify(results)).not.toMatch(/(?<![\w.:/])\/[\w.-]+\/|:\/\//);
  // Each of them stands on a page.
  const pages = read("README.md") + read("docs/performance.md");
  for (const name of sections.keys()) expect(pages).toContain(`<!-- ${name} -->`);
  for (const path of chartsOf(results).keys()) expect(pages).toContain(path.replace("docs/", ""));
});

for (const path of PAGES) {
  Deno.test(`${path} links only to files and headings that exist`, () => {
    expect(brokenLinks(path)).toEqual([]);
  });
}

Deno.test("a link to a heading that does not exist is found", () => {
  const headings = headingsOf(
    "# A page\n\n## `columns.<name>`\n\n```sh\n## no heading\n```\n\n## A, b\n\n## A, b\n",
  );
  expect(headings.map(({ anchor }) => anchor)).toEqual(["a-page", "columnsname", "a-b", "a-b-1"]);
  expect(linksOf("[a](b.md#c) and\n```md\n[x](y.md)\n```\n[d](#e)")).toEqual(["b.md#c", "#e"]);
});

Deno.test("a table of contents stands before the first section, once", () => {
  const page = "# T\n\nIntro.\n\n## One\n\n### Deep\n\n## Two\n";
  const written = withContents(page);
  expect(written).toBe(
    "# T\n\nIntro.\n\n<!-- contents -->\n\n- [One](#one)\n- [Two](#two)\n\n" +
      "<!-- end of contents -->\n\n## One\n\n### Deep\n\n## Two\n",
  );
  expect(withContents(written)).toBe(written);
  expect(withContents("# T\n\n## Only\n")).toBe("# T\n\n## Only\n");
});

Deno.test("what src/run/mod.ts exports has docstrings, each of its fields as well", async () => {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "src/run/mod.ts"],
    cwd: new URL("./", ROOT).pathname,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  expect(text).toMatch(/Found \d+ documentation lint error|Checked 1 file/);
  const errors = text.match(/^error\[[\s\S]*?-->.*$/gm) ?? [];
  // Its types are of other folders, and not exported a second time.
  expect(errors.filter((error) => !error.startsWith("error[private-type-ref]"))).toEqual([]);
});

/** Links of a page to files that are not there, and to headings that no page has. */
function brokenLinks(path: string): string[] {
  const page = new URL(path, ROOT);
  return linksOf(Deno.readTextFileSync(page)).filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [file, anchor] = target.split("#");
    const url = file === "" ? page : new URL(file, page);
    try {
      Deno.statSync(url);
    } catch {
      return true;
    }
    return anchor !== undefined &&
      !headingsOf(Deno.readTextFileSync(url)).some((heading) => heading.anchor === anchor);
  });
}
