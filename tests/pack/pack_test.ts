import { expect } from "packages/expect.ts";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { pack } from "../../pack/pack.ts";
import { until } from "../support/until.ts";

/** What npm says where it has neither a network nor a copy of what it needs. */
const NO_REGISTRY =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/;

const TOKEN = "0123456789abcdef0123";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

Deno.test("the packed tool is installed into an empty folder and does its work there", async (test) => {
  // Later steps need what the earlier ones did.
  const t = {
    async step(name: string, work: () => Promise<void>) {
      if (!await test.step(name, work)) throw new Error(`failed: ${name}`);
    },
  };
  // Postgres runs as another user where this is root, and must be able to enter.
  const top = await Deno.makeTempDir({ prefix: "sluice packed " });
  await Deno.chmod(top, 0o755);
  const folder = join(top, "a folder");
  await Deno.mkdir(folder);
  const packed = await packIfPossible(join(top, "dist"));
  if (typeof packed === "string") return console.log(`skipped: ${packed}`);

  await t.step("it has no TypeScript, and what it depends on is what src/ imports", async () => {
    const files = filesIn(packed.folder);
    expect(files.filter((path) => /\.tsx?$/.test(path))).toEqual([]);
    expect(files.filter((path) => Deno.readTextFileSync(path).includes(`.ts", import.meta.url`)))
      .toEqual([]);
    const { version, dependencies } = JSON.parse(
      await Deno.readTextFile(join(packed.folder, "package.json")),
    );
    expect(version).toBe(config.version);
    const { deno, ...others } = dependencies;
    expect(deno).toBe(Deno.version.deno);
    const source = filesIn(new URL("../../src", import.meta.url).pathname)
      .filter((path) => /\.tsx?$/.test(path)).map((path) => Deno.readTextFileSync(path)).join("\n");
    for (const [name, specifier] of Object.entries(config.imports)) {
      if (!specifier.startsWith("npm:")) continue;
      const used = new RegExp(`(from|import|resolve)\\(?\\s?"${name}["/]`).test(source);
      expect({ name, version: others[name] })
        .toEqual({ name, version: used ? specifier.split("@").at(-1) : undefined });
    }
  });

  await Deno.writeTextFile(join(folder, "package.json"), "{}");
  const installed = await call("npm", [
    "install",
    "--prefer-offline",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    packed.tarball,
  ], folder);
  if (installed.code !== 0 && NO_REGISTRY.test(installed.err)) {
    return console.log(`skipped: npm reaches no registry: ${installed.err.split("\n")[0]}`);
  }
  expect({ ...installed, out: "" }).toEqual({ code: 0, out: "", err: "" });

  const bin = join(folder, "node_modules", ".bin", "sluice");
  const sluice = (...args: string[]) => call(bin, args, folder);
  const start = (...args: string[]) => startSluice(bin, args, folder);

  try {
    await t.step("version, help, and the pipeline to start from", async () => {
      expect(await sluice("--version")).toEqual({ code: 0, out: `${config.version}\n`, err: "" });
      expect((await sluice("run", "--help")).out).toContain("--partition");
      // Pages of docs/ are in the package, too.
      expect((await sluice("explain", "cli/file_exists")).out).toContain("never overwrite a file");
      const made = await sluice("new", "--output", "json");
      expect(made.code).toBe(0);
      expect(JSON.parse(made.out).files).toContain("pipelines/orders.yaml");
    });

    await t.step("a command has no permission of another one", async () => {
      const { code, err } = await sluice("validate", "pipelines/", "--log-file", "elsewhere/x.log");
      expect({ code, elsewhere: err.includes("elsewhere") }).toEqual({ code: 1, elsewhere: true });
    });

    await t.step("plan, a first load into the embedded database, status", async () => {
      expect((await sluice("validate", "pipelines/")).code).toBe(0);
      const planned = await sluice("plan", "pipelines/orders.yaml");
      expect({ code: planned.code, err: planned.err }).toMatchObject({ code: 0 });
      const run = await sluice("run", "pipelines/orders.yaml", "--output", "json");
      expect(run.code).toBe(0);
      expect(JSON.parse(run.out)).toMatchObject({ status: "succeeded", rows_loaded: 6 });
      const status = await sluice("status", "pipelines", "--output", "json");
      expect(status.code).toBe(0);
      expect(status.out).toContain(`"orders"`);
    });

    await t.step("a worker loads what a distributed run leaves to it", async () => {
      await using worker = start("worker");
      await worker.told(/The worker waits/);
      const run = await sluice(
        ...["run", "pipelines/orders.yaml", "--force", "--distributed", "--output", "json"],
      );
      expect(JSON.parse(run.out)).toMatchObject({ status: "succeeded", rows_loaded: 6 });
      expect(await worker.stop()).toBe(143);
    });

    await t.step(
      "serve reads the folder, answers, runs what it is asked to, and stops",
      async () => {
        const more = "1007,2026-01-05T00:00:00Z,Greta Lind,open,3.00\n";
        await Deno.writeTextFile(join(folder, "data", "orders.csv"), more, { append: true });
        await using server = start("serve", "pipelines/", "--port", "0");
        const [, at] = await server.told(/listening on ([^\s"]+)/);
        await until("the server is ready", async () => {
          const answer = await fetch(`${at}/readyz`);
          await answer.body?.cancel();
          return answer.status === 200;
        });
        const health = await fetch(`${at}/healthz`);
        expect({ status: health.status, empty: await health.text() === "" }).toEqual({
          status: 200,
          empty: false,
        });
        const started = await fetch(`${at}/runs`, {
          method: "POST",
          headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
          body: JSON.stringify({ pipeline: "orders" }),
        });
        expect({ status: started.status, text: await started.text() })
          .toMatchObject({ status: 202 });
        await server.told(/succeeded/);
        // Its page's files are in the package, too.
        for (const path of ["/", "/assets/page.css", "/assets/page.js", "/assets/icon.svg"]) {
          const answer = await fetch(at + path);
          expect({ path, status: answer.status, empty: await answer.text() === "" })
            .toEqual({ path, status: 200, empty: false });
        }
        expect(await server.stop()).toBe(143);
      },
    );

    await t.step("the embedded database tells how it stands, and stops", async () => {
      expect((await sluice("db", "status")).code).toBe(0);
      expect((await sluice("db", "stop")).code).toBe(0);
      expect((await sluice("db", "url")).err).toContain("is not running");
    });
  } finally {
    await sluice("db", "stop");
    await Deno.remove(top, { recursive: true });
  }
});

async function packIfPossible(to: string) {
  if (Deno.build.os === "windows") return "signals and paths are those of Linux and macOS";
  for (const program of ["node", "npm"]) {
    const { success } = await new Deno.Command(program, { args: ["--version"], stdout: "null" })
      .output().catch(() => ({ success: false }));
    if (!success) return `there is no ${program} on the PATH`;
  }
  await Deno.mkdir(to);
  try {
    return await pack(to);
  } catch (error) {
    // The bundler is fetched where it is not here yet.
    const text = String(error);
    if (NO_REGISTRY.test(text) && text.includes("registry")) return `no registry: ${text}`;
    throw error;
  }
}

async function call(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: ENV,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** Nothing names another database than the embedded one. */
const ENV = {
  NO_COLOR: "1",
  DATABASE_URL: "",
  PGHOST: "",
  SLUICE_TOKEN: TOKEN,
  // As in a script of npm, which works in another folder than npm was called from.
  INIT_CWD: "/",
  npm_config_loglevel: "error",
};

/** A command that runs until it is stopped. */
function startSluice(bin: string, args: readonly string[], cwd: string) {
  const child = new Deno.Command(bin, {
    args: [...args],
    cwd,
    env: ENV,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  let ended = false;
  const end = async (): Promise<number> => {
    ended = true;
    child.kill("SIGTERM");
    for (let part = await reader.read(); !part.done; part = await reader.read()) said += part.value;
    return (await child.status).code;
  };
  return {
    async told(text: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const found = text.exec(said);
        if (found !== null) return found;
        const { value, done } = await reader.read();
        if (done) throw new Error(`${text} never came: ${said}`);
        said += value;
      }
    },
    stop: end,
    async [Symbol.asyncDispose]() {
      if (!ended) await end();
    },
  };
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(join(folder, name)) : [join(folder, name)]
  );
}
