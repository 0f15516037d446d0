/** How a program went. */
export interface Measured {
  readonly code: number;
  /** From start to exit, as a user waits for it. */
  readonly seconds: number;
  /** The most memory it ever held resident, bytes; null where the system does not tell (not Linux). */
  readonly peakBytes: number | null;
  /** What it took of the processors, in all of its threads; null where the system does not tell. */
  readonly cpuSeconds: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program, reads its high-water mark while it runs, and tells its times at the end: the
 * system adds those of a child exactly once its parent has waited for it.
 */
const WATCHED = `"$@" & program=$!
(
  while grep VmHWM "/proc/$program/status" >&2; do sleep 0.1; done
) 2>&1 >/dev/null | sed 's/^/@peak /' >&2 &
wait "$program"
code=$?
printf '@times ' >&2
times >&2
exit "$code"`;

/**
 * Runs a program to its end.
 *
 * @throws Deno.errors.NotFound where there is no such program
 */
export async function measure(
  program: string,
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<Measured> {
  const isWatched = Deno.build.os === "linux";
  const started = performance.now();
  const child = new Deno.Command(isWatched ? "sh" : program, {
    args: isWatched ? ["-c", WATCHED, "sh", program, ...args] : [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  }).spawn();
  const { code, stdout, stderr } = await child.output();
  const seconds = (performance.now() - started) / 1000;
  const decoder = new TextDecoder();
  const told = decoder.decode(stderr);
  if (isWatched && code === 127) throw new Deno.errors.NotFound(told);
  return {
    code,
    seconds,
    peakBytes: peakOf(told),
    cpuSeconds: cpuOf(told),
    stdout: decoder.decode(stdout),
    stderr: told.replace(/^@peak .*\n?|^@times .*\n.*\n?/gm, ""),
  };
}

function peakOf(text: string): number | null {
  const marks = [...text.matchAll(/^@peak \D*(\d+) kB/gm)];
  return marks.length === 0 ? null : Number(marks.at(-1)![1]) * 1024;
}

/** The second line of `times` is of the children: user and system. */
function cpuOf(text: string): number | null {
  const last = /^@times .*\n(.*)$/m.exec(text)?.[1];
  if (last === undefined) return null;
  return [...last.matchAll(/(\d+)m([\d.]+)s/g)]
    .reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

/**
 * CPU seconds of a Postgres server so far, in all of its processes, also those that have ended; null
 * where the system does not tell.
 */
export async function serverCpu(dataFolder: string): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  const script = `read pid < "$1/postmaster.pid"
    cat "/proc/$pid/stat"
    for child in $(cat "/proc/$pid/task/$pid/children"); do cat "/proc/$child/stat"; done
    getconf CLK_TCK`;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", dataFolder],
    stdin: "null",
    stderr: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  const ticks = Number(lines.pop());
  // Behind the name in brackets: utime, stime, and of children that have ended cutime, cstime.
  const sum = lines.reduce((sum, line, at) => {
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ").slice(11, at === 0 ? 15 : 13);
    return sum + fields.reduce((all, field) => all + Number(field), 0);
  }, 0);
  return sum / ticks;
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Reads a process's high-water mark until it ends; it only rises, so the last reading is the peak.
 *
 * By a shell: Deno itself opens /proc to programs with every permission only.
 */
export async function watchPeak(pid: number): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  const script = 'while [ -d "/proc/$1" ]; do grep VmHWM "/proc/$1/status"; sleep 0.1; done';
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", String(pid)],
    stdin: "null",
    stderr: "null",
  }).output();
  const marks = [...new TextDecoder().decode(stdout).matchAll(/(\d+) kB/g)];
  return marks.length === 0 ? null : Number(marks.at(-1)![1]) * 1024;
}
