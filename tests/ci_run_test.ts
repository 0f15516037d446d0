import { expect } from "packages/expect.ts";

const RUN = new URL("../.ci/run", import.meta.url).pathname;
const CHECKS = [
  "install --frozen",
  "fmt --check",
  "lint",
  "check --lock=tests/deno.lock --frozen",
  "task doc:lint",
];

/** Runs `.ci/run` with a Deno that only answers: what its tests print and which commands fail. */
async function ciRun(summary: string, failing: readonly string[]) {
  const folder = await Deno.makeTempDir({ prefix: "sluice-ci-" });
  try {
    const deno = `#!/usr/bin/env bash
echo "$*" >> "${folder}/asked"
if [ "$*" = "task test" ]; then echo "${summary}"; fi
case "$*" in ${["nothing", ...failing].map((words) => `"${words}"`).join("|")}) exit 1 ;; esac
`;
    await Deno.writeTextFile(`${folder}/deno`, deno, { mode: 0o755 });
    const { code, stdout } = await new Deno.Command("bash", {
      args: [RUN],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}` },
      stderr: "null",
    }).output();
    return {
      code,
      last: new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1),
      asked: (await Deno.readTextFile(`${folder}/asked`)).trimEnd().split("\n"),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name:
    "the CI script checks lock file, format, lint, types and docstrings as well, and counts what fails",
  ignore: Deno.build.os === "windows",
  async fn() {
    const good = "ok | 38 passed (12 steps) | 0 failed | 1 ignored (784ms)";
    const bad = "FAILED | 36 passed (12 steps) | 2 failed (784ms)";
    const asked = [...CHECKS, "task test"];
    for (
      const [summary, failing, code, last] of [
        [good, [], 0, "38 passed, 0 failed"],
        [bad, ["task test"], 1, "36 passed, 2 failed"],
        ["error: it cannot be loaded", ["task test"], 1, "0 passed, 1 failed"],
        ...CHECKS.map((check) => [good, [check], 1, "38 passed, 1 failed"] as const),
        [bad, [...CHECKS, "task test"], 1, "36 passed, 7 failed"],
      ] as const
    ) {
      expect([failing, await ciRun(summary, failing)]).toEqual([failing, { code, last, asked }]);
    }
  },
});
