import { expect } from "expect";

const ROOT = new URL("../", import.meta.url);
const PAGES = [...Deno.readDirSync(new URL("docs/", ROOT))]
  .map(({ name }) => name)
  .filter((name) => name.endsWith(".md"));

Deno.test("docs/README.md lists every page", async () => {
  const index = await Deno.readTextFile(new URL("docs/README.md", ROOT));
  for (const page of PAGES) {
    if (page !== "README.md") expect(index).toContain(`](${page})`);
  }
});

for (const path of ["README.md", "src/README.md", ...PAGES.map((page) => `docs/${page}`)]) {
  Deno.test(`${path} links only to what is there`, async () => {
    const page = new URL(path, ROOT);
    const text = await Deno.readTextFile(page);
    const broken: string[] = [];
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?:|#)/.test(target)) continue;
      const [file] = target.split("#");
      await Deno.stat(new URL(file, page)).catch(() => broken.push(target));
    }
    expect(broken).toEqual([]);
  });
}
