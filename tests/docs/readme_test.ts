import { expect } from "packages/expect.ts";
import { environmentOf, type } from "./tutorial.ts";

// Types what the README's first screen says, and its tour, in a copy of the project.

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const PAGE = Deno.readTextFileSync(`${ROOT}/README.md`);

/** What commands of these sections print, beside going well. */
const PRINTED: readonly (readonly [command: RegExp, printed: RegExp])[] = [
  [/run pipelines\/yellow_taxi.yaml$/, /^total +succeeded +30,000 /m],
  [/run pipelines\/yellow_taxi.yaml --force$/, /^2021-01 +published +2 /m],
  [/init orders.csv/, /pipelines\/orders.yaml is written/],
  [/run pipelines\/orders.yaml$/, /^whole table +published/m],
  [/rollback pipelines\/orders.yaml$/, /version 2 is out, version 1 is live/],
  [/rollback pipelines\/yellow_taxi.yaml$/, /2021-03 +version 2 is out, version 1 is live/],
];

Deno.test("what the README says works when it is typed", async () => {
  const top = await Deno.makeTempDir({ prefix: "sluice-readme-" });
  await Deno.chmod(top, 0o755);
  const folder = `${top}/sluice`;
  const environment = environmentOf(folder, ROOT);
  try {
    // A checkout without what it has been used for, and with what commands read.
    const files = ["deno.json", "deno.lock", "src", "docs", "pipelines", "fixtures", "schemas"];
    await Deno.mkdir(folder);
    for (const name of files) {
      await new Deno.Command("cp", { args: ["-r", `${ROOT}/${name}`, folder] }).output();
    }
    const seen = new Set<RegExp>();
    for (
      const command of commandsOf("The sample, and a file of your own", "What you can do with it")
    ) {
      const typed = await type(`${command}\n`, 100, folder, environment);
      if (typed === null) return console.log("skipped: there is no tmux");
      expect([command, typed.code, typed.code === 0 ? "" : typed.text]).toEqual([command, 0, ""]);
      for (const [which, printed] of PRINTED) {
        if (!which.test(command)) continue;
        seen.add(which);
        expect(typed.text).toMatch(printed);
      }
    }
    expect(seen.size).toBe(PRINTED.length);
  } finally {
    await Deno.remove(top, { recursive: true });
  }
});

/** The commands of sections, without their comments; what installs or goes on until stopped is none. */
function commandsOf(...titles: readonly string[]): string[] {
  return titles.flatMap((title) => {
    const section = new RegExp(`^## ${title}\n([^]*?)(?=^## )`, "m").exec(PAGE);
    if (section === null) throw new Error(`The README has no section "${title}"`);
    return [...section[1].matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block]) =>
      block.trim().split("\n").map((line) => line.replace(/ +#.*$/, ""))
    );
  }).filter((line) => !/task install|^sluice |^DATABASE_URL/.test(line));
}
