/**
 * Runs every test file in a process of its own, as many at once as there are processors, those that
 * took longest the last time first: `deno task test`.
 *
 * `--unit` runs only those of `unit_tests.ts`, all in one process and without checking types:
 * `deno task test:unit`. Other arguments are handed to `deno test`, in one process as well:
 * `deno task test tests/rows --filter dates`.
 */
import { LONGEST } from "./longest.ts";
import { isUnit } from "./unit_tests.ts";

const ROOT = new URL("../", import.meta.url);
const TESTS = new URL("tests/", ROOT);
/** Milliseconds that each file took, from run to run; ignored by git. */
const TIMES = new URL(".sluice/test_times.json", ROOT);
// Those that start programs and servers have nearly all; some files below /dev and /proc that drivers
// of tests look at take all of them.
const PERMISSIONS = ["--no-prompt", "--allow-all"];

interface Outcome {
  readonly file: string;
  readonly code: number;
  readonly milliseconds: number;
}

async function findTests(folder: URL, prefix: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) {
      files.push(...await findTests(new URL(`${name}/`, folder), `${prefix}${name}/`));
    } else if (name.endsWith("_test.ts")) files.push(`${prefix}${name}`);
  }
  return files;
}

async function deno(args: readonly string[], output: "inherit" | "piped") {
  return await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    stdout: output,
    stderr: output,
  }).output();
}

/** Runs one file, and prints all that it said at once. */
async function runFile(file: string): Promise<Outcome> {
  const started = performance.now();
  const { code, stdout, stderr } = await deno(
    ["test", "--no-check", ...PERMISSIONS, file],
    "piped",
  );
  await Deno.stdout.write(stdout);
  await Deno.stderr.write(stderr);
  return { file, code, milliseconds: Math.round(performance.now() - started) };
}

async function readTimes(): Promise<Record<string, number>> {
  try {
    return JSON.parse(await Deno.readTextFile(TIMES));
  } catch {
    return {};
  }
}

async function runAll(): Promise<number> {
  const { code } = await deno(["check", "src", "tests"], "inherit");
  if (code !== 0) return code;
  const started = performance.now();
  const times = await readTimes();
  // No file has a million bytes: those that are known to be long come before all others.
  const guess = async (file: string) =>
    LONGEST.includes(file)
      ? 1e6 * (LONGEST.length - LONGEST.indexOf(file))
      : (await Deno.stat(new URL(file, ROOT))).size;
  const length = async (file: string) => times[file] ?? await guess(file);
  const files = await Promise.all(
    (await findTests(TESTS, "tests/")).map(async (file) => ({ file, length: await length(file) })),
  );
  const queue = files.sort((a, b) => b.length - a.length).map(({ file }) => file);
  const outcomes: Outcome[] = [];
  const jobs = Number(Deno.env.get("SLUICE_TEST_JOBS") ?? navigator.hardwareConcurrency);
  await Promise.all(
    Array.from({ length: Math.max(1, jobs) }, async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        outcomes.push(await runFile(file));
      }
    }),
  );
  const known = Object.fromEntries(outcomes.map(({ file, milliseconds }) => [file, milliseconds]));
  await Deno.mkdir(new URL(".", TIMES), { recursive: true });
  await Deno.writeTextFile(TIMES, JSON.stringify(known));
  const failed = outcomes.filter((outcome) => outcome.code !== 0).map((outcome) => outcome.file);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`\n${outcomes.length} test files in ${seconds} s, ${jobs} at once`);
  if (failed.length > 0) console.log(`Failed:\n${failed.map((file) => `  ${file}`).join("\n")}`);
  return failed.length === 0 ? 0 : 1;
}

/** Files whose tests are done in a moment. */
async function unitTests(): Promise<readonly string[]> {
  const files = await findTests(TESTS, "tests/");
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(new URL(file, ROOT))));
  return files.filter((file, at) => isUnit(file, texts[at]));
}

const [first, ...rest] = Deno.args;
const words = first === "--unit"
  ? ["--no-check", "--parallel", ...await unitTests(), ...rest]
  : Deno.args;
Deno.exit(
  words.length === 0
    ? await runAll()
    : (await deno(["test", ...PERMISSIONS, ...words], "inherit")).code,
);
