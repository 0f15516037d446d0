import { expect } from "packages/expect.ts";
import type { Diagnostic } from "../../src/core/diagnostic.ts";
import { SluiceError } from "../../src/core/error.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import type { DatabaseRequest, Services } from "../../src/cli/services.ts";
import { planFixture } from "./plan_fixture.ts";
import { EVENTS, partitionResult, RUN, runResult, specNamed, testCli } from "./support.ts";

const FILES = { "a.yaml": "pipeline: a", "b.yaml": "pipeline: b" };

const DIAGNOSTIC: Diagnostic = {
  code: "spec/unknown_key",
  severity: "error",
  message: 'Unknown key "colour"',
  hint: 'Did you mean "column"?',
  file: "a.yaml",
  start: { line: 3, column: 5, offset: 20 },
  end: { line: 3, column: 11, offset: 26 },
  source: "    colour: red",
};

Deno.test("run shows the result on standard output and its stages on standard error", async () => {
  using test = testCli({
    runPipeline(_spec, _options, { emit }) {
      for (const event of EVENTS) emit(event);
      return Promise.resolve(RUN);
    },
  }, { files: FILES });
  expect(await runCli(["run", "a.yaml"], test.cli)).toBe(0);
  expect(test.out()).toMatch(/^partition +status/);
  expect(test.err()).toMatch(
    /^trips is ny\.trips in the embedded database .*\ntrips {2}2 partitions\n/,
  );
});

Deno.test("run hands its options on", async () => {
  const seen: unknown[] = [];
  let request: DatabaseRequest | null = null;
  using test = testCli({
    openDatabase(asked) {
      request = asked;
      return Promise.resolve({ db: {} as never, [Symbol.asyncDispose]: () => Promise.resolve() });
    },
    loadSpec(text, { file, folder, environment, set }) {
      seen.push({ text, folder, environment, set });
      return Promise.resolve({ spec: specNamed("trips", file), diagnostics: [] });
    },
    runPipeline(_spec, options) {
      seen.push(options);
      return Promise.resolve(RUN);
    },
  }, { files: FILES });
  const args =
    "run a.yaml --env live --set base=x=y --set n= --partition 1 --partition 2 --force " +
    "--concurrency 4 --database postgres://u@h/d";
  expect(await runCli(args.split(" "), test.cli)).toBe(0);
  expect(seen).toEqual([
    {
      text: "pipeline: a",
      folder: test.folder,
      environment: "live",
      set: { base: "x=y", n: "" },
    },
    { partitions: ["1", "2"], force: true, allowDestructive: false, concurrency: 4 },
  ]);
  expect(request).toMatchObject({ url: "postgres://u@h/d", maxConnections: 20 });
});

Deno.test("the database is --database, else DATABASE_URL as a secret, else the embedded one", async () => {
  const urls: (string | null)[] = [];
  for (
    const [flags, variables] of [
      [["--database", "postgres://flag/d"], { DATABASE_URL: "postgres://variable/d" }],
      [[], { DATABASE_URL: "postgres://variable/d" }],
      [[], { DATABASE_URL: "" }],
      [[], {}],
    ] as [string[], Record<string, string>][]
  ) {
    using test = testCli({
      openDatabase({ url }) {
        urls.push(url);
        return Promise.resolve({ db: {} as never, [Symbol.asyncDispose]: () => Promise.resolve() });
      },
    }, { files: FILES, variables });
    await runCli(["run", "a.yaml", ...flags], test.cli);
  }
  expect(urls).toEqual(["postgres://flag/d", "${DATABASE_URL}", null, null]);
});

Deno.test("run --output json prints the result and nothing else", async () => {
  using test = testCli({}, { files: FILES });
  expect(await runCli(["run", "a.yaml", "--output", "json"], test.cli)).toBe(0);
  expect(JSON.parse(test.out())).toEqual(RUN);
});

Deno.test("run of several files goes on after a failure; the worst exit code wins", async () => {
  using test = testCli({
    loadSpec: (_text, { file }) =>
      Promise.resolve({ spec: specNamed(file, file), diagnostics: [] }),
    runPipeline: (spec) =>
      spec.file === "a.yaml"
        ? Promise.reject(new SluiceError("ledger/target_locked", "Locked", { retry: "later" }))
        : Promise.resolve(runResult([partitionResult()], { status: "refused" })),
  }, { files: FILES });
  expect(await runCli(["run", "a.yaml", "b.yaml", "--output", "json"], test.cli)).toBe(3);
  const { runs } = JSON.parse(test.out());
  expect(runs).toMatchObject([
    { file: "a.yaml", error: { code: "ledger/target_locked" } },
    { file: "b.yaml", status: "refused" },
  ]);
  expect(test.err()).toContain("error: Locked");
});

Deno.test("run tells each failed partition's error on standard error", async () => {
  const error = {
    code: "source/http",
    message: "HTTP 503 from the server",
    retry: "later",
  } as const;
  using test = testCli({
    runPipeline: () =>
      Promise.resolve(
        runResult([partitionResult({ status: "failed", error })], { status: "failed", error }),
      ),
  }, { files: FILES });
  expect(await runCli(["run", "a.yaml"], test.cli)).toBe(75);
  expect(test.err()).toContain("error: HTTP 503 from the server\n  code   source/http\n");
  expect(test.err()).toContain("where  trips, partition 2021-01\n");
});

Deno.test("a wrong file keeps every file from running and exits 2", async () => {
  let ran = false;
  using test = testCli({
    loadSpec: (_text, { file }) =>
      Promise.resolve(
        file === "a.yaml"
          ? { spec: null, diagnostics: [DIAGNOSTIC, { ...DIAGNOSTIC, message: "Another" }] }
          : { spec: specNamed("b", file), diagnostics: [] },
      ),
    runPipeline() {
      ran = true;
      return Promise.resolve(RUN);
    },
  }, { files: FILES });
  expect(await runCli(["run", "b.yaml", "a.yaml", "--output", "json"], test.cli)).toBe(2);
  expect(ran).toBe(false);
  expect(JSON.parse(test.out()).diagnostics).toMatchObject([
    { code: "spec/unknown_key", file: "a.yaml", start: { line: 3, column: 5 } },
    { message: "Another" },
  ]);
  expect(test.err()).toContain('a.yaml:3:5 Unknown key "colour"\n');
  expect(test.err()).toContain("a.yaml:3:5 Another\n");
});

Deno.test("validate names the good files and tells all that is wrong", async () => {
  const services = {
    loadSpec: (_text: string, { file }: { file: string }) =>
      Promise.resolve(
        file === "a.yaml" ? { spec: null, diagnostics: [DIAGNOSTIC] } : {
          spec: specNamed("b", file),
          diagnostics: [{ ...DIAGNOSTIC, severity: "warning" as const }],
        },
      ),
  };
  {
    using test = testCli(services, { files: FILES });
    expect(await runCli(["validate", "a.yaml", "b.yaml", "c.yaml"], test.cli)).toBe(2);
    expect(test.out()).toBe("ok  b.yaml  (b)\n");
    expect(test.err()).toContain("a.yaml:3:5");
    expect(test.err()).toContain('There is no file "c.yaml"');
  }
  {
    using test = testCli(services, { files: FILES });
    expect(await runCli(["validate", "a.yaml", "b.yaml", "--output", "json"], test.cli)).toBe(2);
    expect(JSON.parse(test.out())).toMatchObject({
      files: [{ file: "a.yaml", valid: false }, { file: "b.yaml", valid: true, pipeline: "b" }],
      diagnostics: [{ severity: "error" }, { severity: "warning" }],
    });
  }
  {
    using test = testCli(services, { files: FILES });
    expect(await runCli(["validate", "b.yaml"], test.cli)).toBe(0);
  }
});

Deno.test("a file is looked for where the user stood, too", async () => {
  using other = testCli({}, { files: { "c.yaml": "pipeline: c" } });
  let folder = "";
  using test = testCli({
    loadSpec(_text, input) {
      folder = input.folder;
      return Promise.resolve({ spec: specNamed("c", input.file), diagnostics: [] });
    },
  }, { files: FILES });
  const cli = { ...test.cli, invokedFolder: other.folder };
  expect(await runCli(["validate", "c.yaml"], cli)).toBe(0);
  expect(folder).toBe(other.folder);
});

Deno.test("a file that is no text or a folder is wrong usage", async () => {
  using test = testCli();
  Deno.writeFileSync(`${test.folder}/latin.yaml`, Uint8Array.of(0xe9));
  Deno.mkdirSync(`${test.folder}/folder`);
  expect(await runCli(["plan", "latin.yaml"], test.cli)).toBe(2);
  expect(await runCli(["check", "folder"], test.cli)).toBe(2);
  expect(test.err()).toContain('"latin.yaml" is not UTF-8 text');
  expect(test.err()).toContain('"folder" is a folder');
});

Deno.test("plan --output json prints the plan itself", async () => {
  using test = testCli({ planPipeline: () => Promise.resolve(planFixture()) }, { files: FILES });
  expect(await runCli(["plan", "a.yaml", "--output", "json"], test.cli)).toBe(0);
  expect(JSON.parse(test.out())).toEqual(planFixture());
});

Deno.test("an error of the command is on both outputs with --output json", async () => {
  using test = testCli({
    planPipeline: () => Promise.reject(new SluiceError("plan/target_differs", "Differs")),
  }, { files: FILES });
  expect(await runCli(["plan", "a.yaml", "--output", "json"], test.cli)).toBe(1);
  expect(JSON.parse(test.out())).toEqual({
    error: { code: "plan/target_differs", message: "Differs", retry: "never" },
  });
  expect(test.err()).toContain("error: Differs");
});

Deno.test("a bug of ours says so, with its stack", async () => {
  using test = testCli(
    { planPipeline: () => Promise.reject(new TypeError("undefined is not a row")) },
    { files: FILES },
  );
  expect(await runCli(["plan", "a.yaml", "--output", "json"], test.cli)).toBe(1);
  expect(test.err()).toContain("This is a bug in Sluice 1.2.3");
  expect(test.err()).toContain("TypeError: undefined is not a row\n    at ");
  expect(JSON.parse(test.out()).error.code).toBe("core/bug");
});

Deno.test("a bug of ours in one run is told and does not hide the other runs", async () => {
  using test = testCli({
    runPipeline: (spec) =>
      spec.file === "a.yaml" ? Promise.reject(new Error("bug")) : Promise.resolve(RUN),
    loadSpec: (_text, { file }) => Promise.resolve({ spec: specNamed("t", file), diagnostics: [] }),
  }, { files: FILES });
  expect(await runCli(["run", "a.yaml", "b.yaml", "--output", "json"], test.cli)).toBe(1);
  expect(JSON.parse(test.out()).runs).toHaveLength(2);
});

Deno.test("rollback, history and rejects hand on what was asked and show what came", async () => {
  const asked: unknown[] = [];
  const services = {
    rollbackPipeline(_spec: unknown, request: object) {
      asked.push(request);
      return Promise.resolve({
        pipeline: "trips",
        target: "ny.trips",
        partitions: [{ partition: "2021-02", from_version: 4, to_version: 3 }],
      });
    },
    readHistory: () => Promise.resolve({ versions: [], runs: [] }),
    readRejects(_db: unknown, _spec: unknown, filter: object) {
      asked.push(filter);
      return Promise.resolve({ run_id: "r1", total: 0, rows: [], groups: [] });
    },
  };
  const outputs: string[] = [];
  for (
    const args of [
      "rollback a.yaml --partition 2021-02 --to 3",
      "rollback a.yaml --output json",
      "history a.yaml",
      "history a.yaml --output json",
      "rejects a.yaml",
      "rejects a.yaml --run r1 --partition p --limit 5 --output json",
    ]
  ) {
    using test = testCli(services, { files: FILES });
    expect(await runCli(args.split(" "), test.cli)).toBe(0);
    outputs.push(test.out());
  }
  expect(asked).toEqual([
    { partition: "2021-02", to: 3 },
    {},
    { limit: 20 },
    { run: "r1", partition: "p", limit: 5 },
  ]);
  expect(outputs[0]).toBe("ny.trips  2021-02  version 4 is out, version 3 is live\n");
  expect(JSON.parse(outputs[1])).toMatchObject({ target: "ny.trips" });
  expect(outputs[2]).toBe("trips has not run in this database\n");
  expect(JSON.parse(outputs[3])).toEqual({ pipeline: "trips", versions: [], runs: [] });
  expect(outputs[4]).toBe("Run r1 rejected no row\n");
  expect(JSON.parse(outputs[5])).toMatchObject({ pipeline: "trips", run_id: "r1" });
});

Deno.test("db start, stop, url and psql", async () => {
  const server = {
    url: "postgres://sluice:hunter2@127.0.0.1:5433/sluice",
    superuserUrl: "postgres://root:hunter2@127.0.0.1:5433/sluice",
    port: 5433,
    pid: 7,
    dataFolder: "/data",
  };
  let passedOn: readonly string[] = [];
  const services = {
    startEmbedded: () => Promise.resolve(server),
    stopEmbedded: () => Promise.resolve("stopped" as const),
    findEmbedded: () => Promise.resolve(server),
    openPsql(_request: unknown, args: readonly string[], onOpen: () => void) {
      passedOn = args;
      onOpen();
      return Promise.resolve(42);
    },
  };
  const run = async (args: string[]) => {
    using test = testCli(services);
    return { code: await runCli(args, test.cli), out: test.out() };
  };
  expect(await run(["db", "start"])).toEqual({
    code: 0,
    out: "Postgres listens on 127.0.0.1:5433; its data is in /data\n",
  });
  expect(await run(["db", "stop"])).toEqual({ code: 0, out: "Postgres is stopped\n" });
  expect(await run(["db", "url"])).toEqual({ code: 0, out: `${server.url}\n` });
  expect(await run(["db", "url", "--superuser"])).toEqual({
    code: 0,
    out: `${server.superuserUrl}\n`,
  });
  expect(JSON.parse((await run(["db", "url", "--output", "json"])).out)).toEqual({
    url: server.url,
  });
  expect((await run(["db", "start", "--output", "json"])).out).not.toContain("hunter2");
  expect((await run(["db", "psql", "-c", "select 1", "--help"])).code).toBe(42);
  expect(passedOn).toEqual(["-c", "select 1", "--help"]);
});

Deno.test("db url of a database that does not run says how to start it", async () => {
  using test = testCli({ findEmbedded: () => Promise.resolve(null) });
  expect(await runCli(["db", "url"], test.cli)).toBe(1);
  expect(test.out()).toBe("");
  expect(test.err()).toContain("deno task db start");
});

Deno.test("an interrupted run exits as the signal has it and shows what was done", async () => {
  const controller = new AbortController();
  const ran: string[] = [];
  using test = testCli({
    loadSpec: (_text, { file }) => Promise.resolve({ spec: specNamed("t", file), diagnostics: [] }),
    runPipeline(spec) {
      ran.push(spec.file);
      controller.abort(new SluiceError("cli/interrupted", "Interrupted by SIGTERM"));
      return Promise.resolve(runResult([partitionResult({ status: "skipped" })], {
        status: "interrupted",
      }));
    },
  }, { files: FILES, exitCode: 143, controller });
  expect(await runCli(["run", "a.yaml", "b.yaml", "--output", "json"], test.cli)).toBe(143);
  expect(ran).toEqual(["a.yaml"]);
  expect(JSON.parse(test.out()).runs).toMatchObject([{ status: "interrupted" }]);
  expect(test.err()).toContain("Stopping cleanly; interrupt again to stop at once\n");
});

Deno.test("an interrupt that is thrown is no error to report", async () => {
  const controller = new AbortController();
  using test = testCli({
    planPipeline() {
      const reason = new SluiceError("cli/interrupted", "Interrupted by SIGINT", {
        retry: "later",
      });
      controller.abort(reason);
      return Promise.reject(reason);
    },
  }, { files: FILES, exitCode: 130, controller });
  expect(await runCli(["plan", "a.yaml"], test.cli)).toBe(130);
  expect(test.err()).toContain("Interrupted: unfinished loads were not published\n");
  expect(test.err()).not.toContain("error:");
});

Deno.test("no secret reaches any output", async () => {
  const canary = 'can"ary\\7';
  const error = new SluiceError("source/http", `HTTP 401 for token ${canary}`, {
    hint: `Is ${canary} right`,
    details: { header: `Bearer ${canary}` },
    cause: new Error(`inner ${canary}`),
    postgres: { detail: `detail ${canary}` },
  });
  for (const output of ["human", "json"]) {
    for (const bug of [false, true]) {
      using test = testCli({
        runPipeline(_spec, _options, { secrets, emit }) {
          secrets.reveal("${API_TOKEN}");
          emit({ type: "warning", runId: null, partition: null, message: `warned of ${canary}` });
          emit({
            type: "partition_finished",
            runId: null,
            result: partitionResult({ source: canary, reason: canary, error: error.toJSON() }),
          });
          if (bug) return Promise.reject(new Error(`bug with ${canary}`));
          return Promise.resolve(runResult(
            [partitionResult({ status: "failed", reason: error.message, error: error.toJSON() })],
            { status: "failed" },
          ));
        },
      }, { files: FILES, variables: { API_TOKEN: canary } });
      const log = `${test.folder}/log.jsonl`;
      await runCli(["run", "a.yaml", "--output", output, "--log-file", log], test.cli);
      await runCli(["run", "a.yaml", "--output", output, "--log-level", "debug"], test.cli);
      const shown = test.out() + test.err() + Deno.readTextFileSync(log);
      expect(shown).toContain("***");
      expect(shown).not.toContain("ary\\7");
      expect(shown).not.toContain('can\\"ary');
    }
  }
});

Deno.test("wrong usage exits 2 with a hint, and later commands are not offered", async () => {
  for (const command of ["deploy", "rum"]) {
    using test = testCli();
    expect(await runCli([command], test.cli)).toBe(2);
    expect(test.err()).toContain(`unknown command '${command}'`);
    expect(test.out()).toBe("");
  }
  for (
    const [args, word] of [
      ["run", "missing required argument 'file or folder'"],
      ["run a.yaml --forse", "Did you mean --force?"],
      ["run a.yaml --output xml", "Allowed choices are human, json"],
      ["run a.yaml --set base", "name=value"],
      ["run a.yaml --partition 1 --from 2", "cannot be used with"],
      ["run a.yaml --concurrency 0", "from 1 to 64"],
      ["apply a.json b.json", "too many arguments"],
      ["apply", "missing required argument 'plan file'"],
      ["rollback a.yaml --to x", "whole number"],
      ["db", "Usage: sluice db"],
      ["", "Usage: sluice"],
    ]
  ) {
    using test = testCli();
    expect(await runCli(args.split(" ").filter((arg) => arg !== ""), test.cli)).toBe(2);
    expect(test.err()).toContain(word);
    expect(test.out()).toBe("");
  }
});

Deno.test("every command has help with examples", async () => {
  for (
    const command of [
      "init",
      "preview",
      "load",
      "run",
      "plan",
      "apply",
      "validate",
      "rollback",
      "history",
      "status",
      "rejects",
      "worker",
      "db",
      "doctor",
    ]
  ) {
    using test = testCli();
    expect(await runCli([command, "--help"], test.cli)).toBe(0);
    expect(test.out()).toContain(`Usage: sluice ${command}`);
    expect(test.out()).toContain(`\n  deno task ${command}`);
    expect(test.err()).toBe("");
  }
});

/** What commands say with `-q`: of what goes well nothing, of what was asked for all. */
const QUIET: readonly { args: string; services?: Partial<Services>; out: RegExp; err: RegExp }[] = [
  { args: "run a.yaml", out: /^$/, err: /^$/ },
  {
    args: "run a.yaml",
    services: {
      runPipeline(_spec, _options, { emit }) {
        for (const event of EVENTS) emit(event);
        const error = { code: "source/http", message: "HTTP 503", retry: "later" } as const;
        return Promise.resolve(
          runResult([partitionResult({ status: "failed", error })], { status: "failed" }),
        );
      },
    },
    out: /^$/,
    err: /^2021-01 {2}warning: Version 1 could not be dropped\nerror: HTTP 503\n/,
  },
  { args: "run a.yaml --output json", out: /^\{\n {2}"run_id"/, err: /^$/ },
  { args: "validate a.yaml b.yaml", out: /^$/, err: /^$/ },
  {
    args: "history a.yaml",
    services: { readHistory: () => Promise.resolve({ versions: [], runs: [] }) },
    out: /^trips has not run/,
    err: /^$/,
  },
  {
    args: "plan a.yaml",
    services: { planPipeline: () => Promise.resolve(planFixture()) },
    out: /ny\.trips/,
    err: /^$/,
  },
  {
    args: "plan a.yaml --out plan.json",
    services: {
      planPipeline: () => Promise.resolve(planFixture()),
      approvePlan: (plan) =>
        Promise.resolve({
          plan,
          basis: { spec: { columns: [] }, target: null, partitions: {} },
        }),
      readIdentity: () => Promise.resolve({ name: "db" } as never),
    },
    out: /ny\.trips/,
    err: /^$/,
  },
  {
    args: "rollback a.yaml",
    services: {
      rollbackPipeline: () => Promise.resolve({ pipeline: "p", target: "s.t", partitions: [] }),
    },
    out: /^$/,
    err: /^$/,
  },
];

for (const { args, services = {}, out, err } of QUIET) {
  Deno.test(`${args} -q says only what is wrong or was asked for`, async () => {
    using test = testCli(services, {
      files: FILES,
      isTerminal: true,
      variables: { NO_COLOR: "1" },
    });
    await runCli([...args.split(" "), "-q"], test.cli);
    expect(test.out()).toMatch(out);
    expect(test.err()).toMatch(err);
  });
}

Deno.test("-v says where settings come from, each stage, and ids in full", async () => {
  using test = testCli({
    loadSpec: (_text, { file }) =>
      Promise.resolve({
        spec: { ...specNamed("trips", file), environment: "live", vars: { base: "../data" } },
        diagnostics: [],
      }),
    runPipeline(_spec, _options, { emit }) {
      for (const event of EVENTS) emit(event);
      return Promise.resolve(RUN);
    },
  }, { files: FILES, isTerminal: true, variables: { PGHOST: "db", NO_COLOR: "1" } });
  expect(await runCli(["run", "a.yaml", "-v"], test.cli)).toBe(0);
  expect(test.err()).toContain(
    "database: named by PGHOST or PGDATABASE\n" +
      ".env: none beside the pipeline, above it, or here\n" +
      "file: a.yaml, environment live, base=../data\n",
  );
  expect(test.err()).toContain("2021-01  reading data/2021-01.csv");
  expect(test.out()).toContain(`--run ${RUN.run_id}\n`);
  expect(await runCli(["run", "a.yaml", "-v", "-q"], test.cli)).toBe(2);
});

Deno.test("a result of several runs names each", async () => {
  using test = testCli({
    loadSpec: (_text, { file }) =>
      Promise.resolve({ spec: specNamed(file.slice(0, 1), file), diagnostics: [] }),
    runPipeline: ({ pipeline }) => Promise.resolve({ ...RUN, pipeline }),
  }, { files: FILES });
  expect(await runCli(["run", "a.yaml", "b.yaml"], test.cli)).toBe(0);
  expect(test.out()).toMatch(/^a into ny\.trips\npartition [^]*\n\nb into ny\.trips\npartition /);
});

Deno.test("what went wrong alike in many partitions is told once", async () => {
  const error = { code: "db/connection_lost", message: "Gone", retry: "later" } as const;
  const failed = ["a", "b", "c", "d", "e"].map((partition) =>
    partitionResult({ partition, status: "failed", error })
  );
  using test = testCli({
    runPipeline: () =>
      Promise.resolve(
        runResult([
          ...failed,
          partitionResult({ status: "failed", error: { ...error, code: "x/y" } }),
        ], {
          status: "failed",
        }),
      ),
  }, { files: FILES });
  expect(await runCli(["run", "a.yaml"], test.cli)).toBe(75);
  expect(test.err().match(/error: Gone/g)?.length).toBe(2);
  expect(test.err()).toContain("where  trips, partitions a, b, c and 2 more\n");
});

Deno.test("explain prints what the documentation says of a code, however it is written", async () => {
  const asked: [string, RegExp][] = [
    ["plan/target_of_another", /^plan\/target_of_another {2}\(docs\/errors\.md\)\n {2}\S/],
    ["error[spec/unknown_type]:", /^spec\/unknown_type /],
    [
      "SOURCE/NOT_FOUND",
      /^source\/not_found .*\n {2}No such file.*\n\n {2}Somebody has to look\.\n/,
    ],
    ["invalid_date", /^invalid_date {2}\(docs\/rejects\.md\)\n/],
    ["locked", /^publish\/locked /],
    ["rule:late", /^rule:<name> /],
    ["sqlstate:23505", /^sqlstate:<state> /],
    ["http/running", /HTTP status 409/],
  ];
  for (const [code, says] of asked) {
    using test = testCli();
    expect([code, await runCli(["explain", code], test.cli)]).toEqual([code, 0]);
    expect(test.out()).toMatch(says);
  }
  using test = testCli();
  expect(await runCli(["explain", "plan/target_of_anothr"], test.cli)).toBe(2);
  expect(test.err()).toContain('Did you mean "plan/target_of_another"?');
  using all = testCli();
  expect(await runCli(["explain"], all.cli)).toBe(0);
  expect(all.out().split("\n").length).toBeGreaterThan(200);
  expect(all.out()).not.toMatch(/^(gzip|sluice_)/m);
});

Deno.test("a replay that is refused says why, once", async () => {
  const error = { code: "check/failed", message: "A check failed", retry: "never" } as const;
  using test = testCli({
    replayRejects: () =>
      Promise.resolve(
        runResult([partitionResult({ status: "refused", reason: error.message, error })], {
          status: "refused",
        }),
      ),
  }, { files: FILES });
  expect(await runCli(["rejects", "a.yaml", "--replay"], test.cli)).toBe(3);
  expect(`${test.out()}${test.err()}`.match(/A check failed/g)?.length).toBe(1);
  expect(test.err()).toContain("where  trips, partition 2021-01\n");
});
