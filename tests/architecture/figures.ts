/**
 * Prints the figures of `src/README.md`: `deno task figures`, or `deno task figures REVISION`.
 *
 * It is registered as a test because Deno lends its parser to tests only.
 */
import { functionsOf } from "./source_text.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("figures", async () => {
  const [revision] = Deno.args;
  const files = revision === undefined
    ? inFolder(new URL("src/", ROOT), "src/")
    : await inRevision(revision);
  const lines = files.map(({ text }) => text.trimEnd().split("\n").length).sort((a, b) => a - b);
  const functions = files.flatMap(({ path, text }) =>
    functionsOf(text).map(({ name, lines }) => ({ path, name, lines }))
  ).sort((a, b) => b.lines - a.lines);
  const [longest] = functions;
  console.log(`revision          ${revision ?? "as it stands"}
files             ${lines.length}
lines             ${lines.reduce((sum, each) => sum + each, 0)}
median file       ${lines[lines.length >> 1]}
functions         ${functions.length}
median function   ${functions[functions.length >> 1].lines}
longest function  ${longest.lines} (${longest.name} of ${longest.path})`);
});

interface File {
  readonly path: string;
  readonly text: string;
}

function inFolder(folder: URL, prefix: string): File[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }): File[] => {
    if (isDirectory) return inFolder(new URL(`${name}/`, folder), `${prefix}${name}/`);
    return isSource(name)
      ? [{ path: prefix + name, text: Deno.readTextFileSync(new URL(name, folder)) }]
      : [];
  });
}

async function inRevision(revision: string): Promise<File[]> {
  const paths = (await git("ls-tree", "-r", "--name-only", revision, "src/")).trim().split("\n");
  return await Promise.all(
    paths.filter(isSource).map(async (path) => ({
      path,
      text: await git("show", `${revision}:${path}`),
    })),
  );
}

function isSource(name: string): boolean {
  return /\.tsx?$/.test(name);
}

async function git(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", { args, cwd: ROOT }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
