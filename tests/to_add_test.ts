import { expect } from "expect";

const ROOT = new URL("../", import.meta.url);
const SRC = new URL("src/", ROOT);

/** One that is there, for each row of "To add …" in `src/README.md`. */
interface Example {
  /** Its file name, in place of `x`. */
  readonly name: string;
  /** How code names it. */
  readonly words: RegExp;
  /** Files that say the same word of something else. */
  readonly others?: Readonly<Record<string, string>>;
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  "a key": { name: "catch_up", words: /\bcatch_up\b|\bcatchUp\b/ },
  "a file format": { name: "ndjson", words: /"ndjson"|\bndjson[:,.]|\/ndjson\.ts/ },
  "a compression": {
    name: "bzip2",
    words: /"bzip2"|\bbzip2[:,]|\/bzip2\.ts/,
    others: { "source/codecs/zip.ts": "names of the methods of ZIP, which are told" },
  },
  "a transport": { name: "http", words: /\bhttp[:,]\s|\/transports\/http\.ts|\.\/http\.ts/ },
  "a refresh mode": { name: "upsert", words: /"upsert"|\/upsert\.ts/ },
  "a Postgres type": {
    name: "interval",
    words: /"interval"|\binterval[:,]\s|\/interval\.ts/,
    others: { "spec/schema/partitions.ts": "what other tools call `partitions.by`" },
  },
  "a column rule": { name: "max_length", words: /\bmax_length\b/ },
  "a check": { name: "freshness", words: /"freshness"|\bfreshness[:,]|\/freshness\.ts/ },
  "a notification": { name: "slack", words: /"slack"|\/slack\.ts/ },
  "a command": {
    name: "rejects",
    words: /\baddRejectsCommand\b/,
  },
  "a view of the page": { name: "queue", words: /\b(QueueView|queuePage|readJobs)\b/ },
  "a dataset": { name: "taxi_zones", words: /\btaxi_zones\b/ },
};

/** A fast path that leaves what it does not know to what every plug has. */
const FAST_PATH = /^rows\/kernel\//;

const ROWS = rowsOf(Deno.readTextFileSync(new URL("README.md", SRC)));
const FILES = readFolder(SRC);

Deno.test("each row of “To add …” has an example", () => {
  expect(ROWS.map(({ what }) => what).toSorted()).toEqual(Object.keys(EXAMPLES).toSorted());
});

for (const { what, create, edit } of ROWS) {
  const { name, words, others = {} } = EXAMPLES[what];
  Deno.test(`${what} touches the files that src/README.md says, by the example of ${name}`, () => {
    const [created, edited] = [create, edit].map((paths) =>
      paths.map((path) => path.replace(/\bx\b/g, name))
    );
    for (const path of [...created, ...edited]) expect([path, exists(path)]).toEqual([path, true]);
    for (const path of [...created, ...edited].filter(isOutside)) {
      expect(Deno.readTextFileSync(new URL(path, ROOT))).toMatch(words);
    }
    const named = FILES.filter(({ path, code }) => !FAST_PATH.test(path) && words.test(code))
      .map(({ path }) => path);
    // With its test three by hand; `deno task schema` writes the page and the JSON Schema.
    if (what === "a key") expect(edited.length + 1).toBeLessThanOrEqual(3);
    for (const path of Object.keys(others)) expect(named).toContain(path);
    expect(named.filter((path) => !(path in others) && !created.includes(path)).toSorted())
      .toEqual(edited.filter((path) => !isOutside(path)).toSorted());
  });
}

/** The rows of the table, with the files that each cell names. */
function rowsOf(page: string): { what: string; create: string[]; edit: string[] }[] {
  const section = page.split("## To add …\n")[1].split("\n## ")[0];
  return [...section.matchAll(/^\| (an? .*?) *\|(.*?)\|(.*)\|$/gm)].map((
    [, what, create, edit],
  ) => ({
    what,
    create: pathsOf(create),
    edit: pathsOf(edit),
  }));
}

function pathsOf(cell: string): string[] {
  return [...cell.matchAll(/`([\w/]+\.\w+)`/g)].map(([, path]) => path);
}

/** Whether a path starts at the root of the project instead of `src/`. */
function isOutside(path: string): boolean {
  return /^(pipelines|fixtures)\//.test(path);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, isOutside(path) ? ROOT : SRC)).isFile;
  } catch {
    return false;
  }
}

/** The files of a folder, without comments. */
function readFolder(folder: URL, prefix = ""): { path: string; code: string }[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return readFolder(new URL(`${name}/`, folder), `${prefix}${name}/`);
    if (!/\.tsx?$/.test(name)) return [];
    const text = Deno.readTextFileSync(new URL(name, folder));
    return [{ path: `${prefix}${name}`, code: text.replace(/\/\*[^]*?\*\/|^ *\/\/.*$/gm, "") }];
  });
}
