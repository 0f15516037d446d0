import { expect } from "packages/expect.ts";
import { aloneReason, groupFiles, readReport } from "./test_groups.ts";

const ROOT = new URL("../", import.meta.url);

const files = (...milliseconds: number[]) =>
  milliseconds.map((milliseconds, at) => ({ file: `${"abcdefgh"[at]}_test.ts`, milliseconds }));

Deno.test("files share a process until it takes as long as it may; what takes longer comes first", () => {
  expect(groupFiles(files(1, 30, 6, 5, 4, 10), 10)).toEqual([
    { files: ["b_test.ts"], milliseconds: 30 },
    { files: ["f_test.ts"], milliseconds: 10 },
    { files: ["c_test.ts", "e_test.ts"], milliseconds: 10 },
    { files: ["d_test.ts", "a_test.ts"], milliseconds: 6 },
  ]);
  expect(groupFiles([], 10)).toEqual([]);
});

Deno.test("whoever asks for a process shares it with nobody", () => {
  expect(aloneReason(`import "a";\n// Alone: measures memory.\n`)).toBe("measures memory.");
  expect(aloneReason(`// It is alone: really.`)).toBeNull();
  expect(groupFiles(files(1, 2, 3), 10, new Set(["b_test.ts"]))).toEqual([
    { files: ["c_test.ts", "a_test.ts"], milliseconds: 4 },
    { files: ["b_test.ts"], milliseconds: 2 },
  ]);
});

Deno.test("a group's report says of each file how long it took and whether it failed", async () => {
  // Not below tests/, where a suite that starts meanwhile would find them.
  const at = `.sluice/test_groups/${crypto.randomUUID()}`;
  const folder = new URL(`${at}/`, ROOT);
  Deno.mkdirSync(folder, { recursive: true });
  try {
    const write = (name: string, text: string) =>
      Deno.writeTextFileSync(new URL(name, folder), text);
    write("helper.ts", `export const it = (work: () => void) => Deno.test("helped", work);`);
    write("good_test.ts", `Deno.test("a <b> & c > d", (t) => t.step("s", () => {}));`);
    write("bad_test.ts", `Deno.test("bad", () => { throw new Error("as it should"); });`);
    write("helped_test.ts", `import { it } from "./helper.ts"; it(() => {});`);
    const names = ["good", "bad", "helped"].map((name) => `${at}/${name}_test.ts`);
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "-A",
        "--no-check",
        "--lock=tests/deno.lock",
        `--junit-path=${at}/report.xml`,
        "tests/together.ts",
      ]
        .concat("--", names),
      cwd: ROOT,
      stdout: "null",
      stderr: "null",
    }).output();
    expect(code).toBe(1);
    const report = readReport(Deno.readTextFileSync(new URL("report.xml", folder)), names);
    const failed = new Map(report.map(({ file, failed }) => [file, failed]));
    expect(names.map((name) => failed.get(name))).toEqual([false, true, false]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="0" errors="1" time="3">
    <testsuite name="./tests/a_test.ts" tests="3" disabled="0" errors="0" failures="0">
        <testcase name="one" classname="./tests/a_test.ts" time="1.250" line="1" col="6">
        </testcase>
        <testcase name="two" classname="./tests/a_test.ts" time="0.500" line="2" col="6">
        </testcase>
        <testcase name="two &gt; step" classname="./tests/a_test.ts" time="0.400" line="2" col="9">
        </testcase>
        <testcase name="two &gt; skipped" classname="./tests/a_test.ts" line="2" col="9">
            <skipped/>
        </testcase>
    </testsuite>
    <testsuite name="./tests/support/helper.ts" tests="1" disabled="0" errors="1" failures="0">
        <testcase name="helped" classname="./tests/support/helper.ts" time="3.000" line="1" col="6">
            <error message="Cancelled"/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("tests that a helper registers are shared out to the files that the report does not name", () => {
  expect(readReport(REPORT, ["tests/a_test.ts", "tests/b_test.ts", "tests/c_test.ts"])).toEqual([
    { file: "tests/a_test.ts", milliseconds: 1750, failed: false },
    { file: "tests/b_test.ts", milliseconds: 1500, failed: true },
    { file: "tests/c_test.ts", milliseconds: 1500, failed: true },
  ]);
  expect(readReport("", ["tests/a_test.ts"])).toEqual([
    { file: "tests/a_test.ts", milliseconds: 0, failed: false },
  ]);
});
