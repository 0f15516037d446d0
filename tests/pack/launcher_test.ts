import { expect } from "packages/expect.ts";
import { join } from "node:path";
import { launchTable } from "../../pack/pack.ts";

const LAUNCHER = new URL("../../pack/launcher.js", import.meta.url);

const skipped = Deno.build.os === "windows"
  ? "the stand-in for Deno is a shell script"
  : hasNode()
  ? null
  : "there is no Node on the PATH";

/** A launcher in a folder with a blank, and a stand-in for Deno on its PATH. */
function install(deno: string | null) {
  const folder = Deno.makeTempDirSync({ prefix: "sluice launcher " });
  const bin = join(folder, "bin");
  const path = join(folder, "path");
  for (const each of [bin, path]) Deno.mkdirSync(each);
  Deno.copyFileSync(LAUNCHER, join(bin, "sluice.js"));
  Deno.writeTextFileSync(join(folder, "package.json"), `{"type": "module"}`);
  Deno.writeTextFileSync(join(bin, "launch.json"), JSON.stringify(launchTable()));
  if (deno !== null) Deno.writeTextFileSync(join(path, "deno"), deno, { mode: 0o755 });
  const node = new TextDecoder().decode(
    new Deno.Command("node", { args: ["-p", "process.execPath"] }).outputSync().stdout,
  ).trim();
  return {
    bin,
    start(args: readonly string[], env: Record<string, string> = {}) {
      return new Deno.Command(node, {
        args: [join(bin, "sluice.js"), ...args],
        clearEnv: true,
        env: { PATH: `${path}:/usr/bin:/bin`, ...env },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    },
    async run(args: readonly string[], env: Record<string, string> = {}) {
      const { code, stdout, stderr } = await this.start(args, env).output();
      const text = new TextDecoder();
      return { code, out: text.decode(stdout), err: text.decode(stderr) };
    },
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** A Deno that tells its arguments, one a line, and the word that was typed. */
const telling = (version: string) =>
  `#!/bin/sh
if [ "$1" = --version ]; then echo "deno ${version} (stable)"; exit; fi
echo "$SLUICE_TYPED"
printf '%s\\n' "$@"
exit 75
`;

function it(name: string, fn: () => Promise<void>): void {
  Deno.test(name, () => {
    if (skipped !== null) return console.log(`skipped: ${skipped}`);
    return fn();
  });
}

it("the launcher hands each command its own flags, and its arguments as they are", async () => {
  using launcher = install(telling("2.9.0"));
  const { always, commands, others } = launchTable();
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    ...Object.entries(commands).map(([name, flags]) =>
      [[name, "a file.yaml", "--set", "x=", "$HOME `ls` \"'", ""], flags] as const
    ),
    [["--help"], others],
    [["rnu"], others],
    [["constructor"], others],
    [[], others],
  ];
  for (const [args, flags] of cases) {
    const { code, out } = await launcher.run(args);
    expect(code).toBe(75);
    const main = join(launcher.bin, "../lib/main.js");
    expect(out).toBe(["sluice", "run", ...always, ...flags, main, ...args, ""].join("\n"));
  }
});

it("SLUICE_DENO_FLAGS adds flags, and nothing else", async () => {
  using launcher = install(telling("2.9.6"));
  const call = (flags: string) => launcher.run(["run", "x.yaml"], { SLUICE_DENO_FLAGS: flags });
  const { always, commands } = launchTable();
  const { out } = await call("  --allow-write=/var/log/x\t--allow-run=page-me\n");
  expect(out).toBe(
    [
      ...["sluice", "run", ...always, ...commands.run],
      ...["--allow-write=/var/log/x", "--allow-run=page-me"],
      ...[join(launcher.bin, "../lib/main.js"), "run", "x.yaml", ""],
    ].join("\n"),
  );
  for (const stray of ["other.js", "-A", "--allow-write /tmp"]) {
    const refused = await call(stray);
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 2, out: "" });
    expect(refused.err).toContain("in SLUICE_DENO_FLAGS is no flag of Deno");
  }
});

it("the launcher says which word was typed", async () => {
  using launcher = install(telling("2.9.6"));
  const { out } = await launcher.run(["run"], { npm_lifecycle_event: "npx" });
  expect(out.split("\n")[0]).toBe("npx sluice");
});

it("the launcher refuses a Deno that is too old, is none, or is not there", async () => {
  for (
    const [deno, why] of [
      [telling("2.8.17"), "the one on the PATH is deno 2.8.17"],
      [telling("1.46.3"), "the one on the PATH is deno 1.46.3"],
      ["#!/bin/sh\necho hello\n", "the one on the PATH is unknown"],
      [null, "there is none on the PATH"],
    ] as const
  ) {
    using launcher = install(deno);
    const { code, out, err } = await launcher.run(["run"]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(why);
    expect(err).toContain("hint: Install Deno 2.9.0 or later");
  }
  for (const version of ["2.9.0", "2.10.0", "3.0.0"]) {
    using launcher = install(telling(version));
    expect((await launcher.run(["run"])).code).toBe(75);
  }
});

it("a signal for the launcher reaches what it started, whose end is its own", async () => {
  for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
    using launcher = install(`#!/bin/sh
if [ "$1" = --version ]; then echo "deno 2.9.6"; exit; fi
sleep 600 &
trap 'kill $!; echo stopped; exit ${code}' ${signal.slice(3)}
echo ready
wait
`);
    const child = launcher.start(["serve"]);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let out = (await reader.read()).value ?? "";
    expect(out).toBe("ready\n");
    child.kill(signal);
    for (let part = await reader.read(); !part.done; part = await reader.read()) out += part.value;
    expect(out).toBe("ready\nstopped\n");
    expect((await child.status).code).toBe(code);
    await child.stderr.cancel();
  }
});

function hasNode(): boolean {
  try {
    return new Deno.Command("node", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}
