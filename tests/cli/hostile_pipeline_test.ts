import { join } from "node:path";
import { expect } from "packages/expect.ts";
import { taskWords } from "../support/permissions.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const windows = Deno.build.os === "windows";

/** What a pipeline file can name to get a program run, or a file written that is run later. */
const ATTACKS: Readonly<Record<string, string>> = {
  "pg_ctl, which hands options to a shell":
    `notify: [{ on: [success], command: [.sluice/postgres/runtime/bin/pg_ctl, start, -D, .sluice/postgres/data, -o, "$(touch MARK)"] }]`,
  "pg_ctl by its whole path":
    `notify: [{ on: [success], command: [FOLDER/.sluice/postgres/runtime/bin/pg_ctl, start, -p, FOLDER/evil, -D, x] }]`,
  "pg_ctl through a variable":
    `notify: [{ on: [success], command: ["\${SOME}", start, -p, FOLDER/evil, -D, x] }]`,
  "initdb": `notify: [{ on: [success], command: [.sluice/postgres/runtime/bin/initdb, -D, MARK] }]`,
  "a shell": `notify: [{ on: [success], command: [sh, -c, "touch MARK"] }]`,
  "a program that is allowed, in other words":
    `notify: [{ on: [success], command: [/usr/bin/true, "; touch MARK"] }, { on: [success], command: [FOLDER/../../bin/touch, MARK] }]`,
  "a rule that writes a file":
    `rules: { r: { check: "lo_export(lo_from_bytea(0, 'x'), 'MARK') = 1", on_fail: warn } }`,
  "a check that writes a file":
    `checks: [{ sql: { name: c, query: "select lo_export(lo_from_bytea(0, 'x'), 'MARK')", min: 0 } }]`,
  "a hook that writes a file":
    `hooks: { before_load: "select lo_export(lo_from_bytea(0, 'x'), 'MARK')" }`,
  "a hook that runs a program":
    `hooks: { before_load: "do $$ begin execute 'copy (select 1) to program ''touch MARK'''; end $$" }`,
  "a hook that becomes the superuser":
    `hooks: { before_load: ["select set_config('role', 'sluice', false)", "select lo_export(lo_from_bytea(0, 'x'), 'MARK')"] }`,
  "a check that reads the superuser's password":
    `checks: [{ sql: { name: c, query: "select length(pg_read_file('sluice_password'))", min: 0 } }]`,
};

Deno.test({
  name: "no pipeline file runs a program or writes a file, with the permissions of the tasks",
  ignore: windows,
  async fn(t) {
    const folder = await Deno.makeTempDir({ prefix: "sluice_test_" });
    await Deno.chmod(folder, 0o777);
    const mark = join(folder, "mark");
    await Deno.writeTextFile(join(folder, "evil"), `#!/bin/sh\ntouch ${mark}\n`);
    await Deno.chmod(join(folder, "evil"), 0o755);
    await Deno.writeTextFile(join(folder, "t.csv"), "id\n1\n");
    const task = async (name: "run" | "db", ...args: string[]) => {
      const words = [...taskWords(name)];
      const main = words.indexOf("src/main.ts");
      words[main] = `${ROOT}src/main.ts`;
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...words, ...args],
        cwd: folder,
        env: {
          NO_COLOR: "1",
          DATABASE_URL: "",
          SOME: ".sluice/postgres/runtime/bin/pg_ctl",
          SLUICE_ALLOWED_COMMANDS: "true",
        },
      }).output();
      return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
    };
    try {
      expect(await task("db", "start")).toMatchObject({ code: 0 });
      let n = 0;
      for (const [name, attack] of Object.entries(ATTACKS)) {
        await t.step(name, async () => {
          const pipeline = `p${n++}`;
          await Deno.writeTextFile(
            join(folder, `${pipeline}.yaml`),
            `pipeline: ${pipeline}\nsource: { url: t.csv }\n` +
              `target: { table: shop.${pipeline} }\ncolumns: { id: integer }\n` +
              attack.replaceAll("MARK", mark).replaceAll("FOLDER", folder) + "\n",
          );
          const { code, text } = await task("run", `${pipeline}.yaml`);
          await expect(Deno.lstat(mark)).rejects.toThrow(Deno.errors.NotFound);
          if (attack.startsWith("notify")) {
            expect([code, text]).toEqual([
              0,
              expect.stringContaining("is not an allowed program"),
            ]);
          } else {
            expect([code, text]).toEqual([1, expect.stringMatching(/permission denied/)]);
          }
        });
      }
    } finally {
      await task("db", "stop");
      await Deno.remove(folder, { recursive: true });
    }
  },
});
