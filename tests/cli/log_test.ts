import { expect } from "packages/expect.ts";
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

Deno.test("--log-level alone logs to standard error in place of the stage lines, to be read", async () => {
  using test = testCli({
    runPipeline(_spec, _options, { emit }) {
      for (const event of EVENTS) emit(event);
      return Promise.resolve(RUN);
    },
  }, { files: FILES, isTerminal: true });
  await runCli(["run", "a.yaml", "--log-level", "warning"], test.cli);
  const lines = test.err().trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(
    /^\S+Z WRN 0b8f6f0e trips 2021-01 publish {2}publish: attempt 1 of 5 failed, next in 0\.5 s: Somebody holds the lock$/,
  );
});

Deno.test("--log-level on what is no terminal: standard error is JSON lines and nothing else", async () => {
  using test = testCli({
    runPipeline(_spec, _options, { emit }) {
      for (const event of EVENTS) emit(event);
      return Promise.reject(new SluiceError("db/lost", "The connection broke"));
    },
  }, { files: FILES });
  const diagnostic = { severity: "error" } as never;
  await runCli(["run", "a.yaml", "--log-level", "info"], test.cli);
  const lines = test.err().trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const line of lines) {
    for (const key of ["run_id", "pipeline", "partition", "stage"]) {
      expect(line).toHaveProperty(key);
    }
  }
  expect(lines.find(({ logger }) => logger === "sluice.stage_finished")).toMatchObject({
    run_id: RUN.run_id,
    pipeline: "trips",
    partition: "2021-01",
    stage: "rows",
  });
  expect(lines.filter(({ level }) => level === "ERROR").at(-1)).toMatchObject({
    logger: "sluice.error",
    message: "The connection broke",
    code: "db/lost",
    run_id: RUN.run_id,
  });
  using wrong = testCli({
    loadSpec: () => Promise.resolve({ spec: null, diagnostics: [diagnostic] }),
    renderDiagnostic: () => Promise.resolve("a.yaml:1:1: error"),
  }, { files: FILES });
  await runCli(["validate", "a.yaml", "--log-level", "error"], wrong.cli);
  const [said] = wrong.err().trimEnd().split("\n").map((line) => JSON.parse(line));
  expect(said).toMatchObject({ logger: "sluice.text", message: "a.yaml:1:1: error" });
});

Deno.test("--log-file-size and --log-file-count rotate the file", async () => {
  using test = testCli({
    runPipeline(_spec, _options, { emit }) {
      for (let at = 0; at < 30; at++) {
        emit({
          type: "warning",
          runId: null,
          partition: null,
          message: `${at} ${"x".repeat(100)}`,
        });
      }
      return Promise.resolve(RUN);
    },
  }, { files: FILES });
  const args = ["run", "a.yaml", "--log-file", "log.jsonl", "--log-file-size", "2kB"];
  expect(await runCli([...args, "--log-file-count", "3"], test.cli)).toBe(0);
  const names = [...Deno.readDirSync(test.folder)].map(({ name }) => name).sort();
  expect(names).toEqual(["a.yaml", "log.jsonl", "log.jsonl.1", "log.jsonl.2"]);
  for (const name of names.slice(1)) {
    expect(Deno.statSync(`${test.folder}/${name}`).size).toBeLessThanOrEqual(2_000);
    for (const { message } of records(`${test.folder}/${name}`)) {
      expect(message).toMatch(/^\d+ x+$/);
    }
  }
  expect(records(`${test.folder}/log.jsonl`).at(-1)!.message).toMatch(/^29 /);
  expect(await runCli([...args, "--log-file-count", "0"], test.cli)).toBe(2);
  for (const size of ["ten", "10", "1TB"]) {
    expect(await runCli(["run", "a.yaml", "--log-file-size", size], test.cli)).toBe(2);
  }
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
  // A folder cannot be made where a file is.
  for (const path of ["a.yaml/log.jsonl", "a.yaml/deep/log.jsonl", "."]) {
    expect([path, await runCli(["run", "a.yaml", "--log-file", path], test.cli)]).toEqual([
      path,
      2,
    ]);
  }
  expect(test.err().match(/cli\/log_file/g)?.length).toBe(3);
  expect(test.out()).toBe("");
});

Deno.test("the folder of a log file is made", async () => {
  using test = testCli({}, { files: FILES });
  expect(await runCli(["validate", "a.yaml", "--log-file", "logs/days/log.jsonl"], test.cli)).toBe(
    0,
  );
  expect(Deno.statSync(`${test.folder}/logs/days/log.jsonl`).isFile).toBe(true);
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
    args: ["test", "--allow-all", "--no-check", "--lock=tests/deno.lock"]
      .concat("--filter", filter, import.meta.filename!),
  }).output();
  const report = new TextDecoder().decode(stdout);
  expect({ success, passed: report.includes("1 passed") }).toEqual({ success: true, passed: true });
}

// deno-lint-ignore no-explicit-any
function records(path: string): any[] {
  return Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => JSON.parse(line));
}
