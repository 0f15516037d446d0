import { expect } from "packages/expect.ts";
import { explanations } from "../src/cli/explanations.ts";

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

Deno.test("`explain` knows every code of an error, and finds it in the documentation", () => {
  const known = explanations();
  for (const file of files(new URL("src/", ROOT), ".ts")) {
    for (const [, code] of read(file).matchAll(/new SluiceError\(\s*"([a-z]+\/[a-z_]+)"/g)) {
      expect([code, known.get(code)?.code]).toEqual([code, code]);
    }
  }
  // What is written as `code` in a list or a table of the pages is found as well.
  for (const page of ["errors", "sources", "database", "operate"]) {
    const text = read(new URL(`docs/${page}.md`, ROOT));
    for (const [, code] of text.matchAll(/`((?:source|db|cli|http)\/[a-z_]+)`/g)) {
      expect([code, known.has(code)]).toEqual([code, true]);
    }
  }
  for (const { code, text } of known.values()) {
    expect([code, text.length > 15, /\]\(|^[-|]/.test(text)]).toEqual([code, true, false]);
  }
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
