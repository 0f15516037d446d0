import { expect } from "packages/expect.ts";
import { DENO_RUN } from "../support/deno_run.ts";

const DEMO = new URL("stop_demo.ts", import.meta.url).pathname;
const WINDOWS = Deno.build.os === "windows";

/** Starts the demo on a pipeline file and waits until its run is under way, or says something else. */
async function start(args: readonly string[] = [], said = "trips  1 partition") {
  const file = Deno.makeTempFileSync({ suffix: ".yaml" });
  const child = new Deno.Command(Deno.execPath(), {
    args: [...DENO_RUN, "-A", "--no-check", DEMO, "run", file, "--output", "json", ...args],
    env: { TOKEN: "hunter2" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const out = new Response(child.stdout).text();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let err = "";
  async function until(text: string): Promise<void> {
    while (!err.includes(text)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`${text} never came: ${err}`);
      err += value;
    }
  }
  async function end() {
    const { code } = await child.status;
    for (let part = await reader.read(); !part.done; part = await reader.read()) err += part.value;
    Deno.removeSync(file);
    return { code, out: await out, err };
  }
  await until(said);
  return { child, until, end };
}

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({
    name: `${signal} stops a run cleanly: result on standard output, exit ${exitCode}`,
    ignore: WINDOWS,
    async fn() {
      const { child, end } = await start();
      child.kill(signal);
      const { code, out, err } = await end();
      expect(code).toBe(exitCode);
      expect(JSON.parse(out).status).toBe("interrupted");
      expect(err).toContain("Stopping cleanly");
    },
  });
}

Deno.test({
  name: "a second SIGINT ends a run that does not stop by itself",
  ignore: WINDOWS,
  async fn() {
    const { child, until, end } = await start(["--env", "stuck"]);
    child.kill("SIGINT");
    child.kill("SIGINT");
    await until("Stopping cleanly");
    await new Promise((resolve) => setTimeout(resolve, 400));
    child.kill("SIGINT");
    const { code, out } = await end();
    expect(code).toBe(130);
    expect(out).toBe("");
  },
});

Deno.test("what nobody catches is a bug of ours: exit 1, with the stack, without secrets", async () => {
  // Nothing that was said before has to arrive.
  const { end } = await start(["--env", "crash"], "This is a bug in Sluice");
  const { code, err } = await end();
  expect(code).toBe(1);
  expect(err).toContain("This is a bug in Sluice");
  expect(err).toContain("Error: nobody caught ***\n    at ");
  expect(err).not.toContain("hunter2");
});
