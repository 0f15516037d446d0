/** How a program went. */
export interface Measured {
  readonly code: number;
  /** From start to exit, as a user waits for it. */
  readonly seconds: number;
  /** The most memory it ever held resident, bytes; null where the system does not tell (not Linux). */
  readonly peakBytes: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function measure(
  program: string,
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<Measured> {
  const started = performance.now();
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  }).spawn();
  const peak = watchPeak(child.pid);
  const { code, stdout, stderr } = await child.output();
  const seconds = (performance.now() - started) / 1000;
  const decoder = new TextDecoder();
  return {
    code,
    seconds,
    peakBytes: await peak,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
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
