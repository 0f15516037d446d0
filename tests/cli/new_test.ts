import { expect } from "packages/expect.ts";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import config from "../../deno.json" with { type: "json" };
import { runCli } from "../../src/cli/run_cli.ts";
import { newFiles } from "../../src/cli/new_folder.ts";
import { realServices } from "../../src/cli/services.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { pipelineJsonSchemaText } from "../../src/spec/json_schema.ts";
import { ALL, testContext } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { testCli } from "./support.ts";

const FILES = [
  ".env.example",
  ".github/workflows/load.yaml",
  ".gitignore",
  "README.md",
  "crontab.example",
  "data/orders.csv",
  "pipelines/orders.yaml",
  "schemas/pipeline.schema.json",
];

/** Paths of what is in a folder, folders that are empty too. */
function treeOf(folder: string, at = ""): string[] {
  return [...Deno.readDirSync(join(folder, at))].flatMap(({ name, isDirectory }) => {
    const path = at === "" ? name : `${at}/${name}`;
    const inside = isDirectory ? treeOf(folder, path) : [];
    return inside.length === 0 ? [path] : inside;
  }).toSorted();
}

async function make(...args: string[]) {
  const test = testCli();
  const code = await runCli(["new", ...args], test.cli);
  return Object.assign(test, { code });
}

Deno.test("new makes a folder, and says how to load its sample", async () => {
  using test = await make("my shop");
  expect({ code: test.code, err: test.err() }).toEqual({ code: 0, err: "" });
  expect(treeOf(join(test.folder, "my shop"))).toEqual(FILES);
  expect(test.out()).toContain("8 files are written in my shop\n");
  // In a checkout a task would run in the checkout's folder.
  expect(test.out())
    .toMatch(/Load the sample:\n {2}deno task install\n {2}cd 'my shop'\n {2}sluice run pipe/);

  const typed = { ...test.cli, typed: "npx sluice" };
  expect(await runCli(["new", "-q", "b"], typed)).toBe(0);
  expect(treeOf(join(test.folder, "b"))).toEqual(FILES);
});

Deno.test("new writes into the current folder beside what is there; JSON says what", async () => {
  using test = testCli({}, { files: { "notes.txt": "mine" } });
  expect(await runCli(["new", "--output", "json"], test.cli)).toBe(0);
  const { folder, files } = JSON.parse(test.out());
  expect(folder).toBe(test.folder);
  expect(files.toSorted()).toEqual(FILES);
  expect(treeOf(test.folder)).toEqual([...FILES, "notes.txt"].toSorted());
});

for (const file of FILES) {
  for (const kind of ["file", "link that leads nowhere", "folder"] as const) {
    Deno.test(`new writes nothing where there is a ${kind} ${file}`, async () => {
      using test = testCli();
      const path = join(test.folder, "shop", file);
      Deno.mkdirSync(dirname(path), { recursive: true });
      if (kind === "file") Deno.writeTextFileSync(path, "mine");
      else if (kind === "folder") Deno.mkdirSync(path);
      else Deno.symlinkSync(join(test.folder, "elsewhere"), path);
      expect(await runCli(["new", "shop"], test.cli)).toBe(2);
      expect(test.err()).toContain(`"shop" has ${file} already; nothing was written`);
      expect(test.err()).toContain("cli/file_exists");
      expect(treeOf(join(test.folder, "shop"))).toEqual([file]);
      expect(treeOf(test.folder)).toEqual([`shop/${file}`]);
      if (kind === "file") expect(Deno.readTextFileSync(path)).toBe("mine");
    });
  }
}

Deno.test("new takes back what it made where it cannot make all of it", async () => {
  // What is a file where a folder must be is found by the first file, by one in the middle, or last.
  for (const blocked of ["shop", "shop/pipelines", "shop/schemas", "shop/.github"]) {
    using test = testCli();
    const path = join(test.folder, blocked);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, "mine");
    expect(await runCli(["new", "shop"], test.cli)).toBe(2);
    expect(test.err()).toContain(`"shop" cannot be made`);
    expect(test.err()).toContain("cli/cannot_write");
    expect(treeOf(test.folder)).toEqual([blocked]);
    expect(Deno.readTextFileSync(path)).toBe("mine");
  }
});

Deno.test("the pipeline of a new folder validates, loads all its rows and finds its schema", async () => {
  await using database = await testDatabase();
  using test = await make("shop");
  const folder = join(test.folder, "shop");
  const file = join(folder, "pipelines", "orders.yaml");
  const text = Deno.readTextFileSync(file);
  const { spec, diagnostics } = await realServices().loadSpec(text, {
    file,
    folder: dirname(file),
    variables: {},
  });
  expect(diagnostics).toEqual([]);
  const { context } = testContext(database.db);
  expect(await runPipeline(spec!, ALL, context))
    .toMatchObject({ status: "succeeded", rows_loaded: 6, rows_rejected: 0 });

  const [, address] = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)!;
  expect(Deno.readTextFileSync(join(dirname(file), address))).toBe(pipelineJsonSchemaText());
  using printed = await make("--schema");
  expect(printed.out()).toBe(pipelineJsonSchemaText());
  expect(treeOf(printed.folder)).toEqual([]);
});

Deno.test("the examples of a new folder name it, its version and its secrets by reference", () => {
  const at = (folder: string) => newFiles({ folder, version: config.version, schema: "" });
  const workflow = parse(at("/x")[".github/workflows/load.yaml"]);
  const steps: readonly { readonly run?: string }[] = workflow.jobs.load.steps;
  const commands = steps.flatMap(({ run }) => run ?? []).join("\n");
  expect(commands).toContain(`@sluice/sluice@${config.version}\n`);
  expect(commands).not.toContain("${{");
  const cron = at("/srv/50% of it's")["crontab.example"];
  expect(cron).toContain(`* * * cd '/srv/50\\% of it'\\''s' && `);
  for (const text of Object.values(at("/x"))) expect(text).not.toMatch(/\{(folder|version)\}/);
  // Settings are examples: read as they are they set nothing.
  expect(at("/x")[".env.example"].split("\n").filter((line) => !/^(#|$)/.test(line))).toEqual([]);
});

Deno.test("only a task works in the folder that it was called from; npm names one as well", async () => {
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  for (const [typed, at] of [["sluice", "stands"], ["deno task", "called"]]) {
    using test = testCli();
    for (const name of ["stands", "called"]) Deno.mkdirSync(join(test.folder, name));
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-A", main, "new"],
      cwd: join(test.folder, "stands"),
      env: { INIT_CWD: join(test.folder, "called"), SLUICE_TYPED: typed },
      stdout: "null",
      stderr: "null",
    }).output();
    expect(code).toBe(0);
    expect(treeOf(join(test.folder, at))).toEqual(FILES);
  }
});
