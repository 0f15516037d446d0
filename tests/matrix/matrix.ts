import { fileURLToPath } from "node:url";
import { type Build, MAJORS, npmBuild, startBuild, systemBuilds } from "./servers.ts";

/**
 * Runs the tests that talk to Postgres against every major version that can be had: the npm
 * packages of 14 to 17 and whatever is installed on this machine. 18 is what all tests run on.
 *
 *     deno task matrix            # all of them
 *     deno task matrix 14 16      # these majors
 */
const TESTS = [
  "tests/db/catalog_test.ts",
  "tests/db/connect_test.ts",
  "tests/db/copy_in_test.ts",
  "tests/db/lock_test.ts",
  "tests/db/pooler_test.ts",
  "tests/db/session_settings_test.ts",
  "tests/db/transient_test.ts",
  "tests/distribute",
  "tests/ledger",
  "tests/load",
  "tests/plan",
  "tests/rows/round_trip_test.ts",
  "tests/run",
];

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const wanted = Deno.args.map(Number);
const majors = wanted.length === 0 ? MAJORS : MAJORS.filter((major) => wanted.includes(major));
const builds = [
  ...await Promise.all(majors.map(npmBuild)),
  ...systemBuilds().filter(({ major }) => wanted.length === 0 || wanted.includes(major)),
];
const summary: string[] = [];
let failed = false;
for (const build of builds) {
  if (typeof build === "string") {
    summary.push(`skipped: ${build}`);
    continue;
  }
  console.log(`\nPostgres ${build.name}`);
  const result = await runTests(build);
  failed ||= !result.success;
  summary.push(`Postgres ${build.name}: ${result.line}`);
}
console.log(`\n${summary.join("\n")}`);
if (failed) Deno.exit(1);

async function runTests(build: Build): Promise<{ success: boolean; line: string }> {
  await using server = await startBuild(build);
  const paths = TESTS.filter((path) => {
    try {
      return Deno.statSync(`${ROOT}${path}`) !== null;
    } catch {
      return false;
    }
  });
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--lock=tests/deno.lock", "--permit-no-files", ...paths],
    cwd: ROOT,
    env: { SLUICE_TEST_DATABASE_URL: server.url, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (!success) console.log(text);
  const line = text.trim().split("\n").findLast((line) => /^(ok|FAILED) \|/.test(line));
  return { success, line: line ?? "no result" };
}
