/**
 * Sluice on Deno Deploy: `Deno.cron` looks each minute whether a schedule is due, and requests run
 * pipelines by hand. docs/deploy.md has the steps.
 */
import { hostname } from "node:os";
import { systemClock } from "../src/core/clock.ts";
import { jsonText } from "../src/core/json_text.ts";
import { redactDeep } from "../src/core/redact_deep.ts";
import { runDue } from "../src/schedule/run_due.ts";
import { handler } from "./function.ts";
import { serverless } from "./serverless.ts";

const MINUTE = 60_000;

/** Runs what is due; an error of the last call must not keep the next one from trying. */
export async function eachMinute(
  variables: Readonly<Record<string, string>> = Deno.env.toObject(),
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { secrets, pipelines, open, runOver } = serverless(variables);
  const print = (entry: object) => console.log(jsonText(redactDeep(entry, secrets)));
  try {
    const files = pipelines();
    for (const { file, fault } of files) {
      if (fault !== null) print({ type: "file_broken", file, text: fault });
    }
    const served = files.flatMap(({ served }) => served ?? []);
    await using db = await open();
    await runDue(db, served, MINUTE, signal, {
      clock: systemClock,
      random: Math.random,
      run: runOver(db),
      tell: print,
      owner: variables.DENO_DEPLOYMENT_ID ?? hostname(),
    });
  } catch (error) {
    print({ type: "error", message: error instanceof Error ? error.message : String(error) });
  }
}

// Names and times of crons are read when the file is deployed: they must stand here as they are.
Deno.cron("sluice", "* * * * *", () => eachMinute());

/** For Deno Deploy, which starts a module by its `fetch`. */
export default { fetch: (request: Request) => handler(request) };
