import { expect } from "packages/expect.ts";
import { findEnvFile } from "../../src/cli/env_file.ts";

/** A tree of folders with `.env` files and pipelines, under a root that ends the way up. */
function tree(paths: readonly string[]) {
  const root = Deno.makeTempDirSync({ prefix: "sluice-env-" });
  Deno.mkdirSync(`${root}/.git`);
  for (const path of paths) {
    const at = `${root}/${path}`;
    Deno.mkdirSync(at.slice(0, at.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(at, `WHO=${path}`);
  }
  return {
    root,
    [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }),
  };
}

/** On Linux a file that even root cannot read from its beginning; elsewhere none. */
const UNREADABLE = "/proc/self/mem";

const FILES = [
  ".env",
  "a/.env",
  "a/deep/p.yaml",
  "a/q.yaml",
  "b/p.yaml",
  "c/.env",
  "c/p.yaml",
  "pipelines/.env",
];

const CASES: readonly (readonly [
  what: string,
  folder: string,
  args: readonly string[],
  found: string | null,
])[] = [
  ["beside the pipeline", "", ["run", "a/q.yaml"], "a/.env"],
  ["above the pipeline", "", ["run", "a/deep/p.yaml"], "a/.env"],
  ["above, up to the repository", "b", ["plan", "p.yaml"], ".env"],
  ["beside the pipeline, wherever one stands", "c", ["plan", "../a/q.yaml"], "a/.env"],
  ["beside a folder of pipelines", "", ["serve", "c"], "c/.env"],
  ["in the folder that status looks at", "", ["status"], "pipelines/.env"],
  ["in the working folder", "c", ["db", "url"], "c/.env"],
  ["in the working folder, for a file that is not there", "c", ["run", "no.yaml"], "c/.env"],
  ["among options", "", ["run", "--force", "a/q.yaml", "--env", "live"], "a/.env"],
  ["beside the pipeline of a plan", "b", ["apply", "plan.json"], "a/.env"],
  ["in the working folder, for what is no plan", "c", ["apply", "p.yaml"], "c/.env"],
  ["in the working folder, for a plan nobody can read", "c", ["apply", UNREADABLE], "c/.env"],
  ["nowhere", "b", ["db", "url"], null],
];

for (const [what, folder, args, found] of CASES) {
  Deno.test(`.env is found ${what}`, () => {
    using at = tree(FILES);
    Deno.writeTextFileSync(`${at.root}/b/plan.json`, '{"plans": [{"file": "../a/q.yaml"}]}');
    const workingFolder = folder === "" ? at.root : `${at.root}/${folder}`;
    const file = findEnvFile({ args, workingFolder, invokedFolder: null });
    expect(file).toEqual(
      found === null ? null : { path: `${at.root}/${found}`, text: `WHO=${found}` },
    );
  });
}

Deno.test("pipelines with different .env files are not run by one command", () => {
  using at = tree(FILES);
  const call = { workingFolder: at.root, invokedFolder: null };
  expect(() => findEnvFile({ ...call, args: ["run", "a/q.yaml", "c/p.yaml"] })).toThrow(
    "c/.env",
  );
  const alike = findEnvFile({ ...call, args: ["run", "a/q.yaml", "a/deep/p.yaml"] });
  expect(alike?.path).toBe(`${at.root}/a/.env`);
});

Deno.test("a .env that cannot be read is told by its name", () => {
  using at = tree([".env/in/a/folder"]);
  const call = { args: ["--version"], workingFolder: at.root, invokedFolder: null };
  expect(() => findEnvFile(call)).toThrow(
    expect.objectContaining({
      code: "cli/unreadable_file",
      message: expect.stringContaining(`"${at.root}/.env" cannot be read`),
    }),
  );
});

Deno.test({
  name: "a .env that somebody else has put above the pipeline is not read",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  fn() {
    using at = tree([".env", "a/p.yaml"]);
    Deno.chownSync(`${at.root}/.env`, 12345, 12345);
    const call = { args: ["run", "p.yaml"], workingFolder: `${at.root}/a`, invokedFolder: null };
    expect(findEnvFile(call)).toBe(null);
    Deno.chownSync(`${at.root}/a/p.yaml`, 12345, 12345);
    expect(findEnvFile(call)?.path).toBe(`${at.root}/.env`);
  },
});
