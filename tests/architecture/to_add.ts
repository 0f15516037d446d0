import { readFileSync, statSync } from "node:fs";
import type { SourceFile } from "./rules.ts";

const ROOT = new URL("../../", import.meta.url);
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

export const EXAMPLES: Readonly<Record<string, Example>> = {
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

/** By hand, its test counted; `deno task schema` writes the page and the JSON Schema. */
const MOST_FOR_A_KEY = 3;

/** What is not true of the table "To add …" in `src/README.md`, one sentence each. */
export function untrueRows(files: readonly SourceFile[], page: string): string[] {
  const rows = rowsOf(page);
  const missing = Object.keys(EXAMPLES).filter((what) => rows.every((row) => row.what !== what));
  return [
    ...missing.map((what) => `There is no row for ${what}`),
    ...rows.flatMap((row) => {
      const example = EXAMPLES[row.what];
      return example === undefined
        ? [`${row.what}: tests/architecture/to_add.ts has no example`]
        : untrue(row, example, files).map((fault) => `${row.what}: ${fault}`);
    }),
  ];
}

function untrue(
  { what, create, edit }: Row,
  { name, words, others = {} }: Example,
  files: readonly SourceFile[],
): string[] {
  const [created, edited] = [create, edit].map((paths) =>
    paths.map((path) => path.replace(/\bx\b/g, name))
  );
  const listed = [...created, ...edited];
  const naming = files
    .filter(({ path, text }) => !FAST_PATH.test(path) && words.test(withoutComments(text)))
    .map(({ path }) => path);
  const inside = edited.filter((path) => !isOutside(path));
  return [
    ...listed.filter((path) => !exists(path)).map((path) => `${path} is not there`),
    ...listed.filter(isOutside).filter((path) => exists(path) && !words.test(read(path)))
      .map((path) => `${path} does not name ${name}`),
    ...naming.filter((path) => !listed.includes(path) && !(path in others))
      .map((path) => `${path} names ${name} too: list it, or let it follow from the others`),
    ...inside.filter((path) => exists(path) && !naming.includes(path))
      .map((path) => `${path} no longer names ${name}`),
    ...Object.keys(others).filter((path) => !naming.includes(path))
      .map((path) => `${path} is no exception any more`),
    ...what === "a key" && inside.length + 1 > MOST_FOR_A_KEY ? ["it takes too many files"] : [],
  ];
}

interface Row {
  readonly what: string;
  readonly create: readonly string[];
  readonly edit: readonly string[];
}

/** The rows of the table, with the files that each cell names. */
function rowsOf(page: string): Row[] {
  const section = page.split("## To add …\n")[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| (an? .*?) *\|(.*?)\|(.*)\|$/gm)]
    .map(([, what, create, edit]) => ({ what, create: pathsOf(create), edit: pathsOf(edit) }));
}

function pathsOf(cell: string): string[] {
  return [...cell.matchAll(/`([\w/]+\.\w+)`/g)].map(([, path]) => path);
}

/** Whether a path starts at the root of the project instead of `src/`. */
function isOutside(path: string): boolean {
  return /^(pipelines|fixtures)\//.test(path);
}

function urlOf(path: string): URL {
  return new URL(path, isOutside(path) ? ROOT : SRC);
}

function exists(path: string): boolean {
  return statSync(urlOf(path), { throwIfNoEntry: false })?.isFile() ?? false;
}

function read(path: string): string {
  return readFileSync(urlOf(path), "utf8");
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|^ *\/\/.*$/gm, "");
}
