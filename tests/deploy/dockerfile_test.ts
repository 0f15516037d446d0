import { expect } from "packages/expect.ts";

const ROOT = new URL("../../", import.meta.url);

interface Instruction {
  readonly word: string;
  readonly text: string;
}

const INSTRUCTIONS = parse(Deno.readTextFileSync(new URL("Dockerfile", ROOT)));
const of = (word: string) => INSTRUCTIONS.filter((each) => each.word === word);

Deno.test("Dockerfile: the base image has a version", () => {
  expect(of("FROM").length).toBeGreaterThan(0);
  for (const { text } of of("FROM")) expect(text).toMatch(/^[\w/.-]+:\d+\.\d+\.\d+$/);
});

Deno.test("Dockerfile: runs as a numeric user that is not root, from before the first install", () => {
  const words = INSTRUCTIONS.map(({ word, text }) => `${word} ${text}`);
  expect(of("USER").map(({ text }) => text)).toEqual(["1993:1993"]);
  const user = words.indexOf("USER 1993:1993");
  const install = words.findIndex((line) => line.startsWith("RUN deno "));
  expect(user).toBeLessThan(install);
});

Deno.test("Dockerfile: dependencies are those of the lock file", () => {
  const runs = of("RUN").map(({ text }) => text).filter((text) => text.startsWith("deno "));
  expect(runs.length).toBeGreaterThan(0);
  for (const text of [...runs, ...of("ENTRYPOINT").map(({ text }) => text)]) {
    expect(text).toContain("--frozen");
  }
});

Deno.test("Dockerfile: has no secret, and copies only what is meant to be copied", () => {
  expect(of("ADD")).toEqual([]);
  for (const { text } of [...of("ENV"), ...of("ARG")]) {
    expect(text).not.toMatch(/password|secret|token|key|database_url/i);
  }
  const ignore = Deno.readTextFileSync(new URL(".dockerignore", ROOT)).trim().split("\n");
  expect(ignore[0]).toBe("*");
  const taken = ignore.slice(1).map((line) => line.replace(/^!/, ""));
  for (const source of of("COPY").flatMap(({ text }) => copyOf(text).from)) {
    expect(taken).toContain(source.replace(/^\.\//, ""));
  }
  expect(taken).not.toContain(".env");
});

Deno.test("Dockerfile: the program may do what it needs, and no more", () => {
  const [{ text }] = of("ENTRYPOINT");
  const command: string[] = JSON.parse(text);
  expect(command.slice(0, 2)).toEqual(["deno", "run"]);
  expect(command).toContain("--no-prompt");
  expect(command).toContain("--cached-only");
  for (const word of ["-A", "--allow-all", "--allow-run", "--allow-ffi"]) {
    expect(command.some((each) => each.startsWith(word))).toBe(false);
  }
  expect(command.find((each) => each.startsWith("--allow-write"))).toMatch(/=\/app\//);
});

Deno.test("Dockerfile: its steps work in a plain folder, and the program starts", async () => {
  const app = Deno.makeTempDirSync({ prefix: "sluice-image-" });
  try {
    for (const { word, text } of INSTRUCTIONS) {
      if (word === "COPY") await copy(text, app);
      if (word === "RUN" && text.startsWith("deno ")) {
        const { code, err } = await run(text.split(" "), app);
        if (code !== 0) throw new Error(`${text}\n${err}`);
      }
    }
    const [{ text }] = of("ENTRYPOINT");
    const entry = (JSON.parse(text) as string[]).map((each) => each.replaceAll("/app", app));
    const version = await run([...entry, "--version"], app);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const valid = await run([...entry, "validate", "pipelines/openflights_airports.yaml"], app);
    expect([valid.code, valid.out]).toEqual([0, expect.stringContaining("openflights_airports")]);
    const preview = await run([...entry, "serve", "pipelines/", "--dry-run"], app);
    expect([preview.code, preview.out]).toEqual([0, expect.stringContaining("yellow_taxi")]);
  } finally {
    Deno.removeSync(app, { recursive: true });
  }
});

/** Instructions without comments, continued lines joined. */
function parse(file: string): Instruction[] {
  const lines = file.replace(/^#.*\n/gm, "").replace(/\\\n\s*/g, "").split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => {
    const at = line.indexOf(" ");
    return { word: line.slice(0, at), text: line.slice(at + 1).trim() };
  });
}

function copyOf(text: string): { readonly from: readonly string[]; readonly to: string } {
  const words = text.split(/\s+/).filter((word) => !word.startsWith("--"));
  return { from: words.slice(0, -1), to: words[words.length - 1] };
}

async function copy(text: string, app: string): Promise<void> {
  const { from, to } = copyOf(text);
  for (const source of from) {
    const path = new URL(source.replace(/\/?$/, ""), ROOT);
    const target = `${app}/${to === "./" ? source : to.replace(/^\.\//, "")}`;
    if (Deno.statSync(path).isDirectory) await copyFolder(path.pathname, target);
    else Deno.copyFileSync(path, target);
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  Deno.mkdirSync(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

async function run(command: readonly string[], cwd: string) {
  const [, ...args] = command;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
