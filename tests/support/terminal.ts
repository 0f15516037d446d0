import { until } from "./until.ts";

/** A terminal of so many columns and rows. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal that runs a shell command; null where there is no tmux. */
export async function openTerminal(
  shellCommand: string,
  { columns, rows }: Size = { columns: 100, rows: 30 },
  folder = Deno.cwd(),
) {
  const socket = `sluice-test-${crypto.randomUUID()}`;
  const tmux = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("tmux", {
      args: ["-L", socket, "-f", "/dev/null", ...args],
      // Only so it draws what takes two columns.
      env: { LC_ALL: "C.UTF-8" },
    }).output();
    return success ? new TextDecoder().decode(stdout) : null;
  };
  try {
    const script = `${shellCommand}; echo exit=$?; sleep 600`;
    const size = ["-x", String(columns), "-y", String(rows)];
    await tmux("new-session", "-d", "-s", "t", ...size, "-c", folder, "sh", "-c", script);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  return {
    /** What the terminal shows once it shows what is waited for. */
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
