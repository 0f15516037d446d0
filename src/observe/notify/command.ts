import { jsonText } from "../../core/json_text.ts";
import type { NotifySpec } from "../../spec/pipeline_spec.ts";
import type { Channel, ChannelContext } from "./channel.ts";
import { headline } from "./notice.ts";

/** A program on this machine: the notice as JSON on its standard input, its headline in a variable. */
export const command: Channel = {
  name: "command",
  wanted: (spec) => spec.command !== undefined,
  async send(notice, spec, context) {
    // The run has warned of it at its start.
    if (!mayRun(spec, context)) return;
    const { secrets, limits } = context;
    const [program, ...args] = spec.command!.map((word) => secrets.revealInPipeline(word));
    const child = spawn(program, args, {
      SLUICE_PIPELINE: notice.pipeline,
      SLUICE_STATUS: notice.status,
      SLUICE_ALERT: notice.alerts[0].alert,
      SLUICE_MESSAGE: headline(notice),
      SLUICE_RUN_ID: notice.run_id ?? "",
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), limits.timeout);
    try {
      const [{ code, signal }] = await Promise.all([child.status, feed(child, notice)]);
      if (signal === "SIGKILL") {
        throw new Error(`it did not end within ${limits.timeout / 1000} s`);
      }
      if (code !== 0) throw new Error(`it ended with exit code ${code}`);
    } finally {
      clearTimeout(timer);
    }
  },
};

/** Whether the operator has named the program of an entry that has a command. */
export function mayRun(
  { command }: Pick<NotifySpec, "command">,
  { secrets, allowedCommands }: Pick<ChannelContext, "secrets" | "allowedCommands">,
): boolean {
  return allowedCommands.includes(secrets.revealInPipeline(command![0]));
}

function spawn(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  try {
    // Its own output would mix with ours.
    const io = { stdin: "piped", stdout: "null", stderr: "null" } as const;
    return new Deno.Command(program, { args: [...args], env: { ...env }, ...io }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error("there is no such program");
    if (error instanceof Deno.errors.NotCapable) {
      throw new Error("Deno was not allowed to run it: add it to --allow-run of the task");
    }
    throw error;
  }
}

/** A program that does not read what it is given is none of our business. */
async function feed(child: Deno.ChildProcess, notice: unknown): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(`${jsonText(notice)}\n`));
    await writer.close();
  } catch {
    await writer.abort().catch(() => {});
  }
}
