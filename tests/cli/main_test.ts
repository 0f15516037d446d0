import { expect } from "packages/expect.ts";
import { DENO_RUN } from "../support/deno_run.ts";

const ROOT = new URL("../../", import.meta.url);
const MAIN = new URL("src/main.ts", ROOT).pathname;

/** Runs the command line as a process of its own, with the permissions of `validate`. */
async function sluice(
  args: readonly string[],
  { cwd = Deno.cwd(), env = {} }: { cwd?: string; env?: Record<string, string> } = {},
) {
  const { code, stdout, stderr } = await command(args, { cwd, env }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

function command(
  args: readonly string[],
  { cwd = Deno.cwd(), env = {} }: { cwd?: string; env?: Record<string, string> } = {},
) {
  return new Deno.Command(Deno.execPath(), {
    args: [...DENO_RUN, "--no-prompt", "-R", "-E", "--allow-sys=hostname", MAIN, ...args],
    cwd,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

Deno.test("--help and --version go to standard output and exit 0", async () => {
  const help = await sluice(["--help"]);
  expect(help).toMatchObject({ code: 0, err: "" });
  expect(help.out).toMatch(/^Usage: sluice/);
  expect(help.out).toMatch(/^ +init /m);
  const version = await sluice(["--version"]);
  expect(version).toMatchObject({ code: 0, err: "" });
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

Deno.test("wrong usage goes to standard error and exits 2", async () => {
  expect(await sluice(["rum"])).toEqual({
    code: 2,
    out: "",
    err: "error: unknown command 'rum'\n(Did you mean run?)\n" +
      "(--help lists the options and shows examples)\n",
  });
});

Deno.test("a missing pipeline file exits 2", async () => {
  const { code, out, err } = await sluice(["validate", "nowhere.yaml"]);
  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toContain('error: There is no file "nowhere.yaml"\n');
});

Deno.test("a permission that the task does not grant is named", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/a.yaml`, "pipeline: a\n");
    const args = ["validate", "a.yaml", "--log-file", "log.jsonl"];
    const { code, err } = await sluice(args, { cwd: folder });
    expect(code).toBe(1);
    expect(err).toContain("cli/permission");
    expect(err).toContain("docs/cli.md");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a reader that goes away is no error", async () => {
  const child = command(["run", "--help"]).spawn();
  await child.stdout.cancel();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
  expect(err).toBe("");
  expect(code).toBe(0);
});

Deno.test(".env adds variables, and what is set outside wins", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/a.yaml`, "");
    Deno.writeTextFileSync(`${folder}/.env`, "A=from_file\nB='literal $A'\n");
    const demo = new URL("variables_demo.ts", import.meta.url).pathname;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [...DENO_RUN, "-A", "--no-check", demo, "validate", "a.yaml"],
      cwd: folder,
      env: { A: "from_outside" },
    }).output();
    expect(new TextDecoder().decode(stdout)).toBe("ok  a.yaml  (from_outside literal $A)\n");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
