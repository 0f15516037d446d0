/** How a program went. */
export interface Measured {
  readonly code: number;
  /** From start to exit, as a user waits for it. */
  readonly seconds: number;
  /**
   * CPU seconds, user and system, of the program and of all that it started and waited for; null
   * where the system does not tell (Windows).
   */
  readonly cpuSeconds: number | null;
  /**
   * Most memory held resident, bytes: the high-water marks of the program's processes that live at
   * once; null where the system does not tell (not Linux).
   */
  readonly peakBytes: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to start a program, and when to give up. */
export interface MeasureOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Ends the program and all that it started. */
  readonly signal?: AbortSignal;
}

/**
 * A shell waits for the program, and tells last what it and its children took: `times` of POSIX. It
 * leads a process group of its own where all of it may have to be ended (`setsid`).
 */
const TIMED = 'command -v "$1" >/dev/null || exit 127; "$@"; code=$?; times >&2; exit "$code"';

/**
 * Runs a program to its end.
 *
 * @throws Deno.errors.NotFound where there is no such program
 */
export async function measure(
  program: string,
  args: readonly string[],
  options: MeasureOptions = {},
): Promise<Measured> {
  const { signal, ...place } = options;
  const shell = Deno.build.os !== "windows";
  const group = signal !== undefined && Deno.build.os === "linux";
  const timed = ["sh", "-c", TIMED, "sh", program, ...args];
  const [first, ...rest] = group ? ["setsid", ...timed] : shell ? timed : [program, ...args];
  const started = performance.now();
  const child = new Deno.Command(first, {
    args: rest,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...place,
  }).spawn();
  const end = () => kill(child.pid, group);
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();
  const peak = watchPeak(child.pid, { itself: !shell });
  const { code, stdout, stderr } = await child.output();
  const seconds = (performance.now() - started) / 1000;
  signal?.removeEventListener("abort", end);
  const decoder = new TextDecoder();
  const told = decoder.decode(stderr);
  const times = shell ? TIMES.exec(told) : null;
  if (shell && times === null && code === 127) {
    throw new Deno.errors.NotFound(`There is no program "${program}"`);
  }
  return {
    code,
    seconds,
    cpuSeconds: times === null ? null : secondsOf(times[3]) + secondsOf(times[4]),
    peakBytes: await peak,
    stdout: decoder.decode(stdout),
    stderr: times === null ? told : told.slice(0, times.index),
  };
}

/** What `times` prints: user and system time of the shell, and of all that it waited for. */
const TIMES = /(\d+m[\d.,]+s) (\d+m[\d.,]+s)\n(\d+m[\d.,]+s) (\d+m[\d.,]+s)\n$/;

function secondsOf(text: string): number {
  const [minutes, seconds] = text.slice(0, -1).replace(",", ".").split("m");
  return Number(minutes) * 60 + Number(seconds);
}

/** A group is named by the negative id of the process that leads it. */
function kill(pid: number, group: boolean): void {
  try {
    Deno.kill(group ? -pid : pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * CPU ticks that a process, what it started and what of it has ended took. A child that ends during
 * the look could count twice or not at all: its time goes over to its parent. Then it looks again.
 */
const TICKS = `
read -r server < "$1/postmaster.pid"
set -- "$server"
fields() {
  read -r line < "/proc/$1/stat" || return
  set -- \${line##*) }
  own=$((\${12} + \${13}))
  ended=$((\${14} + \${15}))
}
until
  fields "$1" || exit 1
  before=$ended
  sum=0
  for list in "/proc/$1/task/"*/children; do
    read -r children < "$list" || true
    for child in $children; do fields "$child" && sum=$((sum + own + ended)); done
  done
  fields "$1" && [ "$ended" = "$before" ]
do :; done
echo "$((sum + own + ended)) $(getconf CLK_TCK)"`;

/**
 * CPU seconds of a Postgres server on this machine so far, in all of its processes, also those that
 * have ended; null where the system does not tell. The difference of two is what happened between.
 */
export async function serverCpu(dataFolder: string): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", TICKS, "sh", dataFolder],
    stdin: "null",
    stderr: "null",
  }).output();
  const [ticks, perSecond] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  return code === 0 && perSecond > 0 ? ticks / perSecond : null;
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Sums, ten times a second, the high-water marks of a process and of all that it started. Nothing
 * but `sleep` is started meanwhile: what watches takes no time from what is watched.
 */
const WATCH = `
mark() {
  while read -r key value _; do
    if [ "$key" = VmHWM: ]; then sum=$((sum + value)); break; fi
  done < "/proc/$1/status"
}
started() {
  for list in "/proc/$1/task/"*/children; do
    read -r children < "$list" || true
    for child in $children; do mark "$child"; started "$child"; done
  done
}
most=0
while [ -d "/proc/$1" ]; do
  sum=0
  {
    if [ "$2" = true ]; then mark "$1"; fi
    started "$1"
  } 2>/dev/null
  if [ "$sum" -gt "$most" ]; then most=$sum; fi
  sleep 0.1
done
echo "$most"`;

/**
 * Watches a process, and all that it starts, until it ends; the most memory that they held, bytes.
 *
 * By a shell: Deno itself opens /proc to programs with every permission only.
 *
 * @param which `itself: false` leaves out the process itself, as that of a shell that only waits
 */
export async function watchPeak(
  pid: number,
  which: { readonly itself: boolean } = { itself: true },
): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", WATCH, "sh", String(pid), String(which.itself)],
    stdin: "null",
    stderr: "null",
  }).output();
  const most = Number(new TextDecoder().decode(stdout));
  return most === 0 ? null : most * 1024;
}
