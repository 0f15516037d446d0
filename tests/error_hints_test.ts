import { expect } from "packages/expect.ts";

const SRC = new URL("../src/", import.meta.url);

/** Errors whose options are put together elsewhere, and looked at there. */
const PASSED_ON = /, (options|rest)\s*,?\s*$|\.\.\.\(advice === undefined/;

Deno.test("every error says what to do about it", async () => {
  const without: string[] = [];
  let seen = 0;
  for await (const path of sources(SRC)) {
    const text = await Deno.readTextFile(path);
    for (const { line, body } of errorsIn(text)) {
      seen++;
      if (/\bhint\b/.test(body) || PASSED_ON.test(body)) continue;
      // What was interrupted on purpose needs no advice.
      if (body.includes('"cli/interrupted"')) continue;
      without.push(`${path.pathname.slice(SRC.pathname.length)}:${line}`);
    }
  }
  expect(seen).toBeGreaterThan(90);
  expect(without).toEqual([]);
});

Deno.test("errorsIn() finds where an error ends", () => {
  const text = 'throw new SluiceError("a/b", `x (${f(")")})`, { hint: "y" });\nnext(hint);';
  expect(errorsIn(text)).toEqual([
    { line: 1, body: '"a/b", `x (${f(")")})`, { hint: "y" }' },
  ]);
});

/** What stands between the parentheses of each `new SluiceError(…)`. */
function errorsIn(text: string): { line: number; body: string }[] {
  return [...text.matchAll(/new SluiceError\(/g)].map((match) => {
    const start = match.index + match[0].length;
    let end = start;
    let quote = "";
    for (let depth = 1; depth > 0; end++) {
      const char = text[end];
      if (quote === '"') quote = char === '"' && text[end - 1] !== "\\" ? "" : quote;
      else if (char === '"') quote = '"';
      else if (char === "(") depth++;
      else if (char === ")") depth--;
    }
    return {
      line: text.slice(0, match.index).split("\n").length,
      body: text.slice(start, end - 1),
    };
  });
}

async function* sources(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}
