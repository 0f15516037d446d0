/** A test file, and the milliseconds that its tests are thought to take. */
export interface TimedFile {
  readonly file: string;
  readonly milliseconds: number;
}

/** Files whose tests run in one process. */
export interface TestGroup extends Pick<TimedFile, "milliseconds"> {
  readonly files: readonly string[];
}

/** Names a file that has a process to itself, and says why. */
const ALONE = /^\/\/ Alone: (.*)$/m;

/** Why the tests of a file bear no others beside them in their process, or null. */
export function aloneReason(text: string): string | null {
  return ALONE.exec(text)?.[1] ?? null;
}

/**
 * Puts files together until a group takes `most` milliseconds: the longest groups first, the longest
 * files of each first.
 *
 * @param alone files that share no process
 */
export function groupFiles(
  files: readonly TimedFile[],
  most: number,
  alone: ReadonlySet<string> = new Set(),
): readonly TestGroup[] {
  const groups: { files: string[]; milliseconds: number; open: boolean }[] = [];
  for (const { file, milliseconds } of files.toSorted(byLength)) {
    const open = !alone.has(file);
    const room = open
      ? groups.find((group) => group.open && group.milliseconds + milliseconds <= most)
      : undefined;
    if (room === undefined) groups.push({ files: [file], milliseconds, open });
    else {
      room.files.push(file);
      room.milliseconds += milliseconds;
    }
  }
  return groups.sort(byLength).map(({ files, milliseconds }) => ({ files, milliseconds }));
}

function byLength(a: Pick<TimedFile, "milliseconds">, b: Pick<TimedFile, "milliseconds">): number {
  return b.milliseconds - a.milliseconds;
}

/** How the tests of a file went. */
export interface FileOutcome extends TimedFile {
  readonly failed: boolean;
}

/**
 * Reads a report of `deno test --junit-path` about the files of a group.
 *
 * It knows tests by the file that registers them. What helpers register for other files is shared
 * out to those of which it does not speak.
 */
export function readReport(xml: string, files: readonly string[]): readonly FileOutcome[] {
  const suites = xml.split("<testsuite ").slice(1).map(readSuite);
  const named = suites.filter(({ file }) => files.includes(file));
  const rest = suites.filter((suite) => !named.includes(suite));
  const unnamed = files.filter((file) => named.every((suite) => suite.file !== file));
  const share = rest.reduce((sum, suite) => sum + suite.milliseconds, 0) / unnamed.length;
  const failed = rest.some((suite) => suite.failed);
  return [...named, ...unnamed.map((file) => ({ file, milliseconds: Math.round(share), failed }))];
}

function readSuite(xml: string): FileOutcome {
  const file = /^name="(?:\.\/)?([^"]*)"/.exec(xml)?.[1];
  if (file === undefined) throw new Error(`A test suite without a name: ${xml.slice(0, 80)}`);
  // Steps are cases of their own, `test > step`; the time of their test has theirs.
  const seconds = [...xml.matchAll(/<testcase name="([^"]*)"[^>]* time="([^"]*)"/g)]
    .filter(([, name]) => !name.includes(" &gt; "))
    .reduce((sum, [, , time]) => sum + Number(time), 0);
  return {
    file,
    milliseconds: Math.round(seconds * 1000),
    failed: /<(failure|error)\b/.test(xml),
  };
}
