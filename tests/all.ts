/**
 * Runs all test files: `deno task test`. Files that take long have a process each, others share one
 * until it takes about as long; as many processes at once as {@link JOBS} says, the longest first.
 *
 * `--unit` runs only those of `unit_tests.ts`, and does not check types: `deno task test:unit`.
 * Other arguments are handed to `deno test`, in one process:
 * `deno task test tests/rows --filter dates`.
 */
import { LONGEST } from "./longest.ts";
import { aloneReason, type FileOutcome, groupFiles, readReport } from "./test_groups.ts";
import { isUnit } from "./unit_tests.ts";

const ROOT = new URL("../", import.meta.url);
const TESTS = new URL("tests/", ROOT);
/** Milliseconds that each file took, from run to run; ignored by git. */
const TIMES = new URL(".sluice/test_times.json", ROOT);
/** What `deno test` reports of each group, while it is read. */
const REPORTS = `.sluice/test_reports/${Deno.pid}/`;
// Those that start programs and servers have nearly all; some files below /dev and /proc that drivers
// of tests look at take all of them.
const PERMISSIONS = ["--no-prompt", "--allow-all"];
/** Has the packages of the tests as well: whoever only runs Sluice installs none of them. */
const LOCK = "--lock=tests/deno.lock";
/** Files that take longer have a process to themselves: long enough to start it seldom. */
const GROUP_MILLISECONDS = 40_000;
/** What a file is thought to take before it was measured: one of 10 kB three seconds. */
const MILLISECONDS_PER_BYTE = 0.3;
/** What it takes to evaluate a file beside others. */
const START_MILLISECONDS = 50;
/**
 * Two and a half times as many as there are processors: a test waits while its server works, and for
 * locks, retries and what it starts.
 */
const JOBS = Math.max(
  1,
  Number(Deno.env.get("SLUICE_TEST_JOBS") ?? Math.ceil(navigator.hardwareConcurrency * 2.5)),
);

interface TestFile {
  readonly file: string;
  readonly text: string;
}

interface GroupOutcome {
  readonly code: number;
  readonly files: readonly FileOutcome[];
}

async function findTests(folder = TESTS, prefix = "tests/"): Promise<readonly TestFile[]> {
  const files: TestFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) {
      files.push(...await findTests(new URL(`${name}/`, folder), `${prefix}${name}/`));
    } else if (name.endsWith("_test.ts")) {
      files.push({ file: prefix + name, text: await Deno.readTextFile(new URL(name, folder)) });
    }
  }
  return files;
}

/** A process that waits for what never comes fails, and the others are told apart from it. */
const MOST_MILLISECONDS = 20 * 60_000;

async function deno(args: readonly string[], output: "inherit" | "piped") {
  return await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    // What a test starts is no task, although this is: it works in the folder that it is started in.
    env: { INIT_CWD: "" },
    stdin: "null",
    stdout: output,
    stderr: output,
    ...(output === "piped" ? { signal: AbortSignal.timeout(MOST_MILLISECONDS) } : {}),
  }).output();
}

let reports = 0;

/** Runs files in one process, and prints all that it said at once. */
async function runGroup(
  files: readonly string[],
  options: readonly string[],
): Promise<GroupOutcome> {
  const report = `${REPORTS}${reports++}.xml`;
  const { code, stdout, stderr } = await deno([
    "test",
    "--no-check",
    LOCK,
    ...PERMISSIONS,
    `--junit-path=${report}`,
    ...options,
    "tests/together.ts",
    "--",
    ...files,
  ], "piped");
  await Deno.stdout.write(stdout);
  await Deno.stderr.write(stderr);
  // One that was killed reports nothing.
  const xml = await Deno.readTextFile(new URL(report, ROOT)).catch(() => "");
  const outcomes = readReport(xml, files);
  const all = code !== 0 && outcomes.every(({ failed }) => !failed);
  return { code, files: outcomes.map((outcome) => all ? { ...outcome, failed: true } : outcome) };
}

async function readTimes(): Promise<Record<string, number>> {
  try {
    return JSON.parse(await Deno.readTextFile(TIMES));
  } catch {
    return {};
  }
}

/** What each file is thought to take. */
async function timed(files: readonly TestFile[]) {
  const times = await readTimes();
  return files.map(({ file, text }) => {
    const seconds = LONGEST[file];
    const guess = seconds === undefined ? text.length * MILLISECONDS_PER_BYTE : seconds * 1000;
    return { file, milliseconds: (times[file] ?? guess) + START_MILLISECONDS };
  });
}

async function runFiles(
  files: readonly TestFile[],
  most: number | null,
  options: readonly string[],
): Promise<readonly GroupOutcome[]> {
  const lengths = await timed(files);
  const total = lengths.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const alone = files.filter(({ text }) => aloneReason(text) !== null).map(({ file }) => file);
  const queue = [...groupFiles(lengths, most ?? 1.1 * total / JOBS, new Set(alone))];
  const outcomes: GroupOutcome[] = [];
  await Deno.mkdir(new URL(REPORTS, ROOT), { recursive: true });
  try {
    await Promise.all(Array.from({ length: JOBS }, async () => {
      for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
        outcomes.push(await runGroup(group.files, options));
      }
    }));
  } finally {
    await Deno.remove(new URL(REPORTS, ROOT), { recursive: true });
  }
  return outcomes;
}

/** Says how long it took and what failed; the exit code. */
function summarize(groups: readonly GroupOutcome[], started: number): number {
  const outcomes = groups.flatMap(({ files }) => files);
  const seconds = Math.round((performance.now() - started) / 1000);
  const processes = `${groups.length} processes, ${JOBS} at once`;
  console.log(`\n${outcomes.length} test files in ${seconds} s; ${processes}`);
  const failed = outcomes.filter(({ failed }) => failed).map(({ file }) => `  ${file}`).sort();
  if (failed.length > 0) console.log(`Failed:\n${failed.join("\n")}`);
  return groups.every(({ code }) => code === 0) ? 0 : 1;
}

/** Of all files, as `.ci/run` does: Deno remembers a check by the files that it was asked about. */
async function checkTypes(): Promise<boolean> {
  const { code, stdout, stderr } = await deno(["check", "-q", LOCK], "piped");
  await Deno.stdout.write(stdout);
  await Deno.stderr.write(stderr);
  return code === 0;
}

async function runAll(): Promise<number> {
  const started = performance.now();
  const [typed, groups] = await Promise.all([
    checkTypes(),
    runFiles(await findTests(), GROUP_MILLISECONDS, []),
  ]);
  const times = groups.flatMap(({ files }) =>
    files.map(({ file, milliseconds }) => [file, milliseconds])
  );
  await Deno.writeTextFile(TIMES, JSON.stringify(Object.fromEntries(times)));
  const code = summarize(groups, started);
  // Last, since nobody would find it above what the tests print.
  if (typed) return code;
  console.log("Failed: deno check, whose errors are above");
  return 1;
}

/** Runs the files whose tests are done in a moment. */
async function runUnits(options: readonly string[]): Promise<number> {
  const started = performance.now();
  const files = (await findTests()).filter(({ file, text }) => isUnit(file, text));
  return summarize(await runFiles(files, null, options), started);
}

const [first, ...rest] = Deno.args;
Deno.exit(
  first === undefined
    ? await runAll()
    : first === "--unit"
    ? await runUnits(rest)
    : (await deno(["test", LOCK, ...PERMISSIONS, ...Deno.args], "inherit")).code,
);
