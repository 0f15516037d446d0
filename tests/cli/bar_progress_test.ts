import { expect } from "expect";
import { until } from "../support/until.ts";

const DEMO = new URL("bar_demo.ts", import.meta.url).pathname;

Deno.test("barProgress draws while it runs and leaves only what is worth keeping", async () => {
  await using screen = await openTerminal(`'${Deno.execPath()}' run -A --no-check '${DEMO}' 250`);
  if (screen === null) return console.log("skipped: there is no tmux");
  const during = await screen.until(/49%.*406 kB of 812 kB/);
  expect(during).toMatch(/^trips +█+░+ +24% +0\/2 partitions +5,000 rows +[\d,]+\/s +ETA /m);
  expect(during).toMatch(/^2021-01 +█+░+ +49% +5,000 rows +406 kB of 812 kB$/m);
  const after = await screen.until(/exit=0/);
  const long = `a long line ${"x".repeat(120)} ends`;
  expect(after.split("\n").filter((line) => line !== "" && !line.startsWith("exit="))).toEqual([
    "2021-01  publish: Somebody holds the lock; attempt 1 of 5 failed, next in 0.50 s",
    // The terminal is 100 columns wide.
    long.slice(0, 100),
    long.slice(100),
    "2021-01  warning: Version 1 could not be dropped",
    "2021-01  published version 1: 9,960 rows, 40 rejected, 0.14 s",
    "2021-02  refused: 41 of 100 rows were rejected, above the limit of 1%",
    "after the bar",
  ]);
});

/** A terminal of 100 × 30 that runs a shell command; null where there is no tmux. */
async function openTerminal(shellCommand: string) {
  const socket = `sluice-test-${crypto.randomUUID()}`;
  const tmux = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("tmux", {
      args: ["-L", socket, "-f", "/dev/null", ...args],
    }).output();
    return success ? new TextDecoder().decode(stdout) : null;
  };
  try {
    const script = `${shellCommand}; echo exit=$?; sleep 30`;
    await tmux("new-session", "-d", "-s", "t", "-x", "100", "-y", "30", "sh", "-c", script);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  return {
    async until(pattern: RegExp): Promise<string> {
      let screen = "";
      await until(`the terminal shows ${pattern}`, async () => {
        screen = await tmux("capture-pane", "-p", "-t", "t") ?? "";
        return pattern.test(screen);
      });
      return screen;
    },
    [Symbol.asyncDispose]: async () => void await tmux("kill-server"),
  };
}
