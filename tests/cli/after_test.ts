import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { realServices } from "../../src/cli/services.ts";
import { RUN, testCli } from "./support.ts";

function pipeline(name: string, after: readonly string[] = []): string {
  return `pipeline: ${name}
source: { url: ${name}.csv }
target: { table: shop.${name} }
${after.length === 0 ? "" : `after: [${after.join(", ")}]\n`}columns: { id: integer }
`;
}

/** A command over files, with runs that are noted and that fail where a test says so. */
async function call(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  failing: readonly string[] = [],
  status: "refused" | "failed" | null = null,
) {
  const ran: string[] = [];
  const { loadSpec, renderDiagnostic } = realServices();
  using test = testCli({
    loadSpec,
    renderDiagnostic,
    runPipeline(spec) {
      ran.push(spec.pipeline);
      if (!failing.includes(spec.pipeline)) return Promise.resolve(RUN);
      if (status !== null) return Promise.resolve({ ...RUN, status, partitions: [] });
      return Promise.reject(new SluiceError("db/unreachable", "Away", { retry: "later" }));
    },
  }, { files });
  const code = await runCli(args, test.cli);
  return { code, ran, out: test.out(), err: test.err() };
}

const FOLDER = {
  "a.yaml": pipeline("facts", ["zones", "days"]),
  "b.yaml": pipeline("zones"),
  "c.yaml": pipeline("report", ["facts"]),
  "d.yaml": pipeline("days"),
  "e.yaml": pipeline("other"),
};

Deno.test("run loads the pipelines of a folder in the order of `after`", async () => {
  const { code, ran } = await call(["run", "."], FOLDER);
  expect({ code, ran }).toEqual({ code: 0, ran: ["zones", "days", "facts", "report", "other"] });
  const some = await call(["run", "c.yaml", "a.yaml"], FOLDER);
  expect(some).toMatchObject({ code: 0, ran: ["facts", "report"] });
  expect(await call(["run", "c.yaml"], FOLDER)).toMatchObject({ code: 0, ran: ["report"] });
});

for (const [status, code] of [[null, 75], ["refused", 3], ["failed", 1]] as const) {
  Deno.test(`run skips what stands after a run that is ${status ?? "away"}, and says so`, async () => {
    const run = await call(["run", ".", "--output", "json"], FOLDER, ["days"], status);
    expect({ code: run.code, ran: run.ran }).toEqual({ code, ran: ["zones", "days", "other"] });
    const { runs } = JSON.parse(run.out);
    expect(
      runs.map((
        each: { file: string; error: { code: string } | null },
      ) => [each.file, each.error?.code === "cli/skipped"]),
    ).toEqual([
      ["./b.yaml", false],
      ["./d.yaml", false],
      ["./a.yaml", true],
      ["./c.yaml", true],
      ["./e.yaml", false],
    ]);
    expect(run.err).toContain(
      '"facts" is skipped: "days", which must be loaded before it, was not',
    );
    expect(run.err).toContain('"report" is skipped: "facts"');
  });
}

Deno.test("a cycle is an error of the files, told once, before anything is loaded", async () => {
  const files = { ...FOLDER, "b.yaml": pipeline("zones", ["report"]) };
  for (const command of [["run", "."], ["validate", "."], ["run", "b.yaml", "c.yaml", "a.yaml"]]) {
    const { code, ran, err } = await call(command, files);
    expect({ command, code, ran }).toEqual({ command, code: 2, ran: [] });
    expect(err.split("wait for each other").length).toBe(2);
    for (const name of ["zones", "facts", "report"]) expect(err).toContain(`"${name}"`);
    expect(err).not.toContain('"days"');
  }
});

Deno.test("a name that no file of the folder has is an error, and of single files is not", async () => {
  const files = { "a.yaml": pipeline("facts", ["zone"]), "b.yaml": pipeline("zones") };
  const { code, err } = await call(["validate", "."], files);
  expect(code).toBe(2);
  expect(err).toContain('"facts" waits for "zone", which no file of the folder has');
  expect(err).toContain('Did you mean "zones"?');
  expect(await call(["run", "."], files)).toMatchObject({ code: 2, ran: [] });
  expect(await call(["validate", "a.yaml", "b.yaml"], files)).toMatchObject({ code: 0 });
});

Deno.test("a pipeline waits for others, each named once", async () => {
  const { code, err } = await call(["validate", "a.yaml"], {
    "a.yaml": pipeline("facts", ["facts", "zones", "zones", "no name"]),
  });
  expect(code).toBe(2);
  expect(err).toContain("Expected letters, digits");
  const other = await call(["validate", "a.yaml"], {
    "a.yaml": pipeline("facts", ["facts", "zones", "zones"]),
  });
  expect(other.err).toContain('"facts" is this pipeline itself');
  expect(other.err).toContain('"zones" is named twice');
});

Deno.test("--detach refuses an order that workers would not keep", async () => {
  const { code, err } = await call(["run", ".", "--detach"], FOLDER);
  expect(code).toBe(2);
  expect(err).toContain("cli/detached_order");
});
