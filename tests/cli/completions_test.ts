import { expect } from "packages/expect.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { workspace } from "../support/pipeline.ts";
import { testCli } from "./support.ts";

// What each shell offers, asked of the shell itself.

/** A line up to the cursor, and the words that may stand there. */
const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["sluice ru", ["run"]],
  ["sluice db st", ["start", "status", "stop"]],
  ["sluice run --output ", ["human", "json"]],
  ["sluice run --output j", ["json"]],
  ["sluice rejects --output c", ["csv"]],
  ["sluice rejects --log-level w", ["warning"]],
  ["sluice run --log-f", ["--log-file", "--log-file-count", "--log-file-size"]],
  ["sluice run --allow-d", ["--allow-destructive"]],
  ["sluice validate ord", ["orders.yaml"]],
  ["sluice run --log-file ord", ["orders.yaml"]],
  ["sluice run orders.yaml --forc", ["--force"]],
  ["sluice completions f", ["fish"]],
  ["sluice rollback --partition ", []],
];

/** Asks a shell what may stand at the end of a line; sorted. */
const SHELLS: Readonly<Record<string, (line: string, script: string) => string[]>> = {
  bash(line, script) {
    const program = `source ${script}; COMP_WORDS=(${line.replace(/ $/, ' ""')}); ` +
      `COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return ["bash", "--norc", "-c", program];
  },
  fish: (line, script) => ["fish", "-c", `source ${script}; complete -C '${line}' | cut -f1`],
  zsh: (line, script) => ["zsh", "-f", "-c", zshProgram(line, script)],
};

for (const [shell, commandFor] of Object.entries(SHELLS)) {
  Deno.test(`completions of ${shell} offer commands, options, their words and files`, async () => {
    using files = workspace({ "orders.yaml": "" });
    using test = testCli();
    expect(await runCli(["completions", shell], test.cli)).toBe(0);
    files.write("script", test.out());
    for (const [line, words] of LINES) {
      const [program, ...args] = commandFor(line, "./script");
      const answer = await ask(program, args, files.folder);
      if (answer === null) return console.log(`skipped: there is no ${shell}`);
      if (shell !== "zsh") {
        const offered = [...new Set(answer.split("\n").filter((word) => word !== ""))].toSorted();
        expect([line, offered]).toEqual([line, [...words]]);
        continue;
      }
      // An interactive zsh puts the only word into the line, and lists several.
      const all = words.length === 1 ? [line.replace(/\S*$/, words[0])] : words;
      for (const word of all) expect([line, answer]).toEqual([line, expect.stringContaining(word)]);
    }
  });
}

Deno.test("completions know every command and option, and no other shell", async () => {
  using test = testCli();
  expect(await runCli(["completions", "tcsh"], test.cli)).toBe(2);
  expect(test.err()).toMatch(/Allowed choices are bash, zsh, fish/);
});

/** Types a line and a tab into an interactive zsh, and prints what its terminal then shows. */
function zshProgram(line: string, script: string): string {
  return `zmodload zsh/zpty
zpty -b z 'TERM=dumb PS1="" zsh -f -i'
zpty -w z 'unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; LISTMAX=1000
stty cols 200 rows 100; source ${script}; echo READ""Y'
zpty -r z before '*READY*'
zpty -w -n z '${line}'$'\\t\\t'
zpty -w z $'\\x05; echo DO""NE'
zpty -r z after '*DONE*'
print -r -- "$after"`;
}

/** Null where there is no such program. */
async function ask(program: string, args: string[], folder: string): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command(program, {
      args,
      cwd: folder,
      env: { HOME: folder },
      stdin: "null",
    }).output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
