import { expect } from "expect";
import { SluiceError } from "../../src/core/error.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { EVENTS, RUN, testCli } from "./support.ts";

const FILES = { "a.yaml": "" };

Deno.test("--log-file appends JSON lines that carry run, pipeline and partition", async () => {
  using test = testCli({
    runPipeline(_spec, _options, { emit }) {
      for (const event of EVENTS) emit(event);
      return Promise.resolve(RUN);
    },
  }, { files: FILES });
  const args = ["run", "a.yaml", "--log-file", "log.jsonl"];
  expect(await runCli(args, test.cli)).toBe(0);
  const first = records(`${test.folder}/log.jsonl`);
  expect(first.map(({ level, logger }) => `${level} ${logger}`)).toEqual([
    "INFO sluice.run_started",
    "INFO sluice.partition_started",
    "INFO sluice.stage_finished",
    "WARN sluice.retry",
    "WARN sluice.warning",
    "INFO sluice.partition_finished",
    "ERROR sluice.partition_finished",
    "INFO sluice.run_finished",
  ]);
  expect(first[2]).toMatchObject({
    message: "rows: 10000 rows read, 40 rejected",
    run_id: RUN.run_id,
    pipeline: "trips",
    partition: "2021-01",
    stage: "rows",
    seconds: 0.1,
  });
  expect(first[3].error).toEqual({
    code: "db/lock_timeout",
    message: "Somebody holds the lock",
    retry: "later",
  });
  await runCli(args, test.cli);
  expect(records(`${test.folder}/log.jsonl`)).toHaveLength(2 * first.length);
  expect(test.err()).toContain("reading data/2021-01.csv");
});

Deno.test("--log-level alone logs to standard error in place of the stage lines", async () => {
  using test = testCli({
    runPipeline(_spec, _options, { emit }) {
      for (const event of EVENTS) emit(event);
      return Promise.resolve(RUN);
    },
  }, { files: FILES });
  await runCli(["run", "a.yaml", "--log-level", "warning"], test.cli);
  const lines = test.err().trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(
    /^\S+Z \[WRN\] sluice·retry: publish: attempt 1 of 5 failed, next in 0\.5 s: Somebody holds the lock$/,
  );
});

Deno.test("errors are logged", async () => {
  using test = testCli({
    planPipeline: () => Promise.reject(new SluiceError("plan/differs", "Target {differs}")),
  }, { files: FILES });
  await runCli(["plan", "a.yaml", "--log-file", "log.jsonl"], test.cli);
  expect(records(`${test.folder}/log.jsonl`)).toMatchObject([
    { level: "ERROR", message: "Target {differs}", code: "plan/differs" },
  ]);
});

Deno.test("a log file that cannot be opened is wrong usage, before anything runs", async () => {
  using test = testCli({}, { files: FILES });
  const args = ["run", "a.yaml", "--log-file", "missing/log.jsonl"];
  expect(await runCli(args, test.cli)).toBe(2);
  expect(test.err()).toContain("cli/log_file");
  expect(test.out()).toBe("");
});

Deno.test("a log that cannot be written does not hide that the run succeeded", async () => {
  if (Deno.build.os !== "linux") return console.log("skipped: needs /dev/full");
  if (!mayOpenDevices()) return await runAlone("a log that cannot be written");
  using test = testCli({
    runPipeline(_spec, _options, { emit }) {
      for (const event of EVENTS) emit(event);
      return Promise.resolve(RUN);
    },
  }, { files: FILES });
  const args = ["run", "a.yaml", "--output", "json", "--log-file", "/dev/full"];
  expect(await runCli(args, test.cli)).toBe(2);
  expect(JSON.parse(test.out()).status).toBe("succeeded");
  expect(test.err()).toContain("could not be written");
});

/** Deno opens devices only with every permission, which the tests' task does not have. */
function mayOpenDevices(): boolean {
  try {
    Deno.openSync("/dev/full", { write: true }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}

/** Runs one test of this file in a process of its own that has every permission. */
async function runAlone(filter: string): Promise<void> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--no-check", "--filter", filter, import.meta.filename!],
  }).output();
  const report = new TextDecoder().decode(stdout);
  expect({ success, passed: report.includes("1 passed") }).toEqual({ success: true, passed: true });
}

// deno-lint-ignore no-explicit-any
function records(path: string): any[] {
  return Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => JSON.parse(line));
}
