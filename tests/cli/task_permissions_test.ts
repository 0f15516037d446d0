import { expect } from "packages/expect.ts";
import { taskWords } from "../support/permissions.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

type Task = Parameters<typeof taskWords>[0];

/** What other tests show in the test's own process, in an order in which each finds its data. */
const CALLS: readonly (readonly [task: Task, args: readonly string[], says: string])[] = [
  ["init", ["things.csv", "--full", "-o", "things.yaml"], "things.yaml is written"],
  ["validate", ["things.yaml"], "ok  things.yaml"],
  ["preview", ["things.yaml"], "name"],
  ["load", ["things.csv", "shop.loaded"], "published"],
  ["run", ["things.yaml"], "published"],
  ["check", ["things.yaml"], "unique_id"],
  ["history", ["things.yaml"], "succeeded"],
  ["rejects", ["things.yaml"], "too_few_fields"],
  ["status", ["things.yaml"], "succeeded"],
  ["run", ["things.yaml", "--force"], "published"],
  ["rollback", ["things.yaml"], "version 2 is out, version 1 is live"],
  ["doctor", ["things.yaml"], "are free here"],
  ["db", ["status"], "Postgres is not running"],
  ["explain", ["cli/no_such_file"], "cli/no_such_file"],
];

Deno.test("each command needs no more than its task grants", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n2,b\n3\n" });
  for (const [task, args, says] of CALLS) {
    const words = taskWords(task).map((word) => word === "src/main.ts" ? MAIN : word);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...words, ...args],
      cwd: files.folder,
      env: { DATABASE_URL: test.url, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    expect([task, code, code === 0 ? "" : out + err]).toEqual([task, 0, ""]);
    expect(out + err).toContain(says);
    expect(out + err).not.toContain("cli/permission");
    if (task === "init") {
      const yaml = await Deno.readTextFile(`${files.folder}/things.yaml`);
      files.write("things.yaml", `${yaml}checks: [{ unique: [id] }]\n`);
    }
  }
});
