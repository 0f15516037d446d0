import { expect } from "packages/expect.ts";
import config from "../../deno.json" with { type: "json" };
import { PERMISSION_SETS } from "../support/permissions.ts";

const ROOT = new URL("../../", import.meta.url);

const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

Deno.test("permissions stand in one place: commands name a set, and no command has all of them", () => {
  const commands = Object.entries(config.tasks)
    .filter(([, { command }]) => command.includes("src/main.ts"));
  expect(commands.length).toBeGreaterThan(8);
  for (const [task, { command }] of commands) {
    const [, set] = / -P=(\w+) /.exec(command) ?? [];
    expect([task, Object.keys(PERMISSION_SETS)]).toEqual([task, expect.arrayContaining([set])]);
    expect(command).not.toMatch(/--allow-|\s-A\s|--deny-/);
    expect(command).toContain(" --no-prompt ");
  }
});

Deno.test("only the sets that start the embedded database may run a program, and none may run all", () => {
  for (const [name, grants] of Object.entries(PERMISSION_SETS)) {
    expect([name, grants.ffi, grants.import]).toEqual([name, undefined, undefined]);
    if (name === "new") {
      // It makes the folder that the user names. It reads no pipeline file, asks nobody and runs nothing.
      expect([grants.net, grants.run]).toEqual([undefined, undefined]);
    } else expect(Array.isArray(grants.write) || grants.write === undefined).toBe(true);
    const programs = (grants.run ?? []) as readonly string[];
    for (const program of programs) {
      expect(program).toMatch(/\/runtime\/bin\/(initdb|pg_ctl)(\.exe)?$|^psql$/);
    }
    if (name === "service" || name === "validate") expect(programs).toEqual([]);
  }
  expect(PERMISSION_SETS.validate.net).toBeUndefined();
  expect(PERMISSION_SETS.db.net).toEqual(["127.0.0.1"]);
});

Deno.test("what is deployed has the set `service`, and writes where it says", () => {
  for (
    const path of [
      "Dockerfile",
      "deploy/airflow/sluice_dag.py",
      ...["run@", "serve", "worker@"].map((name) => `deploy/systemd/sluice-${name}.service`),
    ]
  ) {
    const text = read(path);
    expect([path, text.match(/-P=\w+/g)]).toEqual([path, ["-P=service"]]);
    expect([path, text.match(/--allow-(?!write)\w+=?/g)]).toEqual([path, null]);
  }
});

Deno.test("docs/cli.md tells what each set grants", () => {
  const docs = read("docs/cli.md");
  const section = /^## Permissions\n([^]*?)^## /m.exec(`${docs}\n## `)![1];
  for (const [name, grants] of Object.entries(PERMISSION_SETS)) {
    const row = section.split("\n").find((line) => line.startsWith(`| \`${name}\``)) ?? "";
    expect([name, row]).not.toEqual([name, ""]);
    for (const grant of Object.keys(grants)) {
      expect([name, row]).toEqual([name, expect.stringContaining(grant)]);
    }
  }
});
