import { environmentOf, stepsOf, type } from "./tutorial.ts";

// `deno task captures`: writes what the commands of docs/tutorial.md print into the page.

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const PATH = `${ROOT}/docs/tutorial.md`;
const page = Deno.readTextFileSync(PATH);
const top = Deno.makeTempDirSync({ prefix: "sluice-tutorial-" });
Deno.chmodSync(top, 0o755);
const folder = `${top}/shop`;
Deno.mkdirSync(folder);
const environment = environmentOf(folder, ROOT);
let written = "";
let from = 0;
let command = "";
for (const step of stepsOf(page)) {
  command = step.command ?? command;
  const typed = await type(command, step.columns, folder, environment);
  if (typed === null) throw new Error("There is no tmux");
  console.log(command + typed.text);
  if (step.output === null) continue;
  written += page.slice(from, step.at) + typed.text;
  from = step.at + step.output.length;
}
Deno.writeTextFileSync(PATH, written + page.slice(from));
Deno.removeSync(top, { recursive: true });
