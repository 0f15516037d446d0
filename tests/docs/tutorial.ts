import { homedir } from "node:os";
import { dirname } from "node:path";
import { openTerminal } from "../support/terminal.ts";

/** A command of the page, and what it shall print in a terminal of so many columns. */
export interface Step {
  /** With its last line end; null: the command before, in another terminal. */
  readonly command: string | null;
  readonly columns: number;
  /** Null where the page does not say. */
  readonly output: string | null;
  /** Where the output stands in the page. */
  readonly at: number;
}

const BLOCK = /^(?:<!-- (\d+) columns -->\n\n)?```(sh|text)\n([^]*?)^```$/gm;

/** The commands of a page, in order, each with the block of text that follows it. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  for (const match of page.matchAll(BLOCK)) {
    const [all, columns, language, text] = match;
    const at = match.index + all.length - text.length - "```".length;
    if (language === "sh") steps.push({ command: text, columns: 80, output: null, at });
    else {
      const before = steps.at(-1);
      const width = Number(columns ?? 80);
      if (before?.output === null) {
        steps[steps.length - 1] = { ...before, columns: width, output: text, at };
      } else if (columns !== undefined) {
        steps.push({ command: null, columns: width, output: text, at });
      } else throw new Error(`Whose output? ${text}`);
    }
  }
  return steps;
}

/** What differs each time stands as a word: ids, moments, seconds, rates, ages. */
export function withoutTimes(text: string): string {
  return text
    .replace(/\b[0-9a-f]{8}\b(?!-)/g, "<run>")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "<moment>")
    // Seconds of a partition or a run, and at the end of a line the rate behind them.
    .replace(
      /^(whole table|<run>) .*/gm,
      (line) =>
        line.replace(/ +\d+\.\d\d +[\d,]+$/, " <seconds> <rate>")
          .replace(/ +\d+\.\d\d(?=( |$))/, " <seconds>"),
    )
    .replace(/\bin (\d+ h \d+ min|\d+ min \d+ s|[\d.]+ s)/g, "<wait>")
    .replace(/\d+ (s|min|h) ago/g, "<age> ago")
    .replace(/ +\d+ (s|min) (?=.*ago)/g, " <age> ")
    // Columns are as wide as what stands in them.
    .replace(/ +/g, " ")
    .trimEnd();
}

/** The exit code that a command's comment names. */
export function exitCodeOf(command: string): number {
  return Number(/# exit code (\d+)\n$/.exec(command)?.[1] ?? 0);
}

/** Runs a command in a terminal; null where there is none. */
export async function type(
  command: string,
  columns: number,
  folder: string,
  environment: string,
): Promise<{ readonly code: number; readonly text: string } | null> {
  const script = `${folder}/.typed.sh`;
  Deno.writeTextFileSync(script, command);
  await using terminal = await openTerminal(
    `env -i ${environment} sh '${script}'`,
    { columns, rows: 100 },
    folder,
  );
  if (terminal === null) return null;
  const shown = await terminal.until(/^exit=\d+$/m);
  Deno.removeSync(script);
  const end = shown.search(/^exit=\d+$/m);
  const text = shown.slice(0, end).split("\n").map((line) => line.trimEnd()).join("\n").trimEnd();
  return { code: Number(/^exit=(\d+)$/m.exec(shown)![1]), text: `${text}\n` };
}

/** A shell's folder with a `sluice` in it, and what else the environment says. */
export function environmentOf(folder: string, root: string): string {
  const bin = `${folder}.bin`;
  Deno.mkdirSync(bin, { recursive: true });
  Deno.writeTextFileSync(
    `${bin}/sluice`,
    `#!/bin/sh\nSLUICE_TYPED=sluice exec '${Deno.execPath()}' run -q --no-check --no-prompt -A ` +
      `--config '${root}/deno.json' '${root}/src/main.ts' "$@"\n`,
    { mode: 0o755 },
  );
  const path = `${bin}:${dirname(Deno.execPath())}:/usr/local/bin:/usr/bin:/bin`;
  const own = {
    PATH: path,
    HOME: folder,
    // What was compiled once need not be again.
    DENO_DIR: Deno.env.get("DENO_DIR") ?? `${homedir()}/.cache/deno`,
    TERM: "xterm",
    NO_COLOR: "1",
    LC_ALL: "C.UTF-8",
    PAGER: "cat",
  };
  return Object.entries(own).map(([name, value]) => `${name}='${value}'`).join(" ");
}
