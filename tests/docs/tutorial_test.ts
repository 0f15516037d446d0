import { expect } from "packages/expect.ts";
import { environmentOf, exitCodeOf, stepsOf, type, withoutTimes } from "./tutorial.ts";

// Follows docs/tutorial.md word by word: in an empty folder, in a terminal, with the embedded
// database. `deno task captures` writes what the commands print into the page.

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const PAGE = Deno.readTextFileSync(`${ROOT}/docs/tutorial.md`);

Deno.test("the tutorial does what it says, and prints what it shows", async () => {
  // Postgres runs as another user where this is root, and must be able to enter.
  const top = await Deno.makeTempDir({ prefix: "sluice-tutorial-" });
  await Deno.chmod(top, 0o755);
  const folder = `${top}/shop`;
  await Deno.mkdir(folder);
  const environment = environmentOf(folder, ROOT);
  try {
    let command = "";
    for (const step of stepsOf(PAGE)) {
      command = step.command ?? command;
      const typed = await type(command, step.columns, folder, environment);
      if (typed === null) return console.log("skipped: there is no tmux");
      if (typed.code === 1 && typed.text.includes("db/psql_missing")) {
        console.log("skipped: there is no psql");
        continue;
      }
      expect([command, typed.code, typed.text]).toEqual([
        command,
        exitCodeOf(command),
        expect.anything(),
      ]);
      if (step.output === null) continue;
      expect(withoutTimes(typed.text)).toBe(withoutTimes(step.output));
    }
  } finally {
    await Deno.remove(top, { recursive: true });
  }
});

Deno.test("the tutorial shows what each command prints, at 80 columns and at 120", () => {
  const steps = stepsOf(PAGE);
  expect(steps.length).toBeGreaterThan(12);
  expect(steps.some(({ columns }) => columns === 120)).toBe(true);
  for (const { command, output, columns } of steps) {
    const shows = command === null || /^(sluice|cat pipelines)/m.test(command);
    expect([command, (output ?? "") !== ""]).toEqual([command, shows]);
    for (const line of output?.split("\n") ?? []) expect(line.length).toBeLessThanOrEqual(columns);
  }
});

Deno.test("what differs each time is no difference, and all else is one", () => {
  const same: [string, string][] = [
    ["abcdef01  failed  2026-01-02 03:04:05  0.05", "12345678  failed  2027-11-12 13:14:15  9.25"],
    ["whole table  published  1  4     0.05  1,200", "whole table  published  1  4  1.25      7"],
    ["v1  4  58 s  failed  12 s ago  in 2 h 05 min", "v1  4  1 s  failed  3 s ago  in 9 h 50 min"],
  ];
  for (const [one, other] of same) expect(withoutTimes(one)).toBe(withoutTimes(other));
  const others: [string, string][] = [
    ["whole table  published  1  4  0.05  7", "whole table  published  1  5  0.05  7"],
    ["1001 | Ada |  19.90", "1001 | Ada |  19.91"],
    ["abcdef01  failed  0.05", "abcdef01  refused  0.05"],
  ];
  for (const [one, other] of others) expect(withoutTimes(one)).not.toBe(withoutTimes(other));
});
