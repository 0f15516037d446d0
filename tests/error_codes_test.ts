import { expect } from "expect";

const ROOT = new URL("../", import.meta.url);

Deno.test("every error code in the source is explained under docs/", () => {
  const docs = [...files(new URL("docs/", ROOT), ".md")].map(read).join("\n");
  const codes = new Set<string>();
  for (const file of files(new URL("src/", ROOT), ".ts")) {
    const pattern = /new SluiceError\(\s*"([a-z]+\/[a-z_]+)"/g;
    for (const match of read(file).matchAll(pattern)) codes.add(match[1]);
  }
  expect(codes.size).toBeGreaterThan(30);
  const missing = [...codes].filter((code) => !docs.includes(code)).sort();
  expect(missing).toEqual([]);
});

function* files(folder: URL, ending: string): Generator<URL> {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) yield* files(new URL(`${entry.name}/`, folder), ending);
    else if (entry.name.endsWith(ending)) yield new URL(entry.name, folder);
  }
}

function read(file: URL): string {
  return Deno.readTextFileSync(file);
}
