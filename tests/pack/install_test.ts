import { expect } from "packages/expect.ts";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { batchFile, shellScript, writeCommand } from "../../pack/install.ts";
import { launchTable } from "../../pack/pack.ts";

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const WINDOWS = Deno.build.os === "windows";

async function call(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
) {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd, env })
    .output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test({
  name: "the installed command has its task's flags, and hands arguments on as they are",
  ignore: WINDOWS,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "sluice install " });
    const deno = join(folder, "it's deno");
    await Deno.writeTextFile(deno, `#!/bin/sh\nprintf '%s\\n' "$@"\n`, { mode: 0o755 });
    const root = join(folder, "a 'checkout' $HOME");
    const command = join(folder, "sluice");
    writeCommand(command, shellScript({ deno, root }));
    const { commands, others } = launchTable();
    const always = ["run", "--config", join(root, "deno.json"), "--frozen"];
    for (const [name, flags] of [...Object.entries(commands), ["--help", others] as const]) {
      const args = [name, "a *.yaml", "", "$HOME"];
      const { out } = await call(command, args, folder);
      expect(out)
        .toBe([...always, ...flags, join(root, "src", "main.ts"), ...args, ""].join("\n"));
    }
    const more = await call(command, ["run"], folder, {
      SLUICE_DENO_FLAGS: " --allow-run=page-me  --allow-write=/var/log/x* ",
    });
    const added = ["--allow-run=page-me", "--allow-write=/var/log/x*"];
    expect(more.out).toBe(
      [...always, ...commands.run, ...added, join(root, "src", "main.ts"), "run", ""].join("\n"),
    );
    for (const stray of ["other.ts", "-A", "--allow-write /tmp"]) {
      const refused = await call(command, ["run"], folder, { SLUICE_DENO_FLAGS: stray });
      expect({ code: refused.code, out: refused.out }).toEqual({ code: 2, out: "" });
      expect(refused.err).toContain("in SLUICE_DENO_FLAGS is no flag of Deno");
    }
    // Deno looks through the packages only where what locks them may have changed since.
    const packages = join(root, "node_modules", ".deno");
    await Deno.mkdir(packages, { recursive: true });
    const [lock, set] = [join(root, "deno.lock"), join(packages, ".setup-cache.bin")];
    for (const path of [lock, set]) await Deno.writeTextFile(path, "");
    for (
      const [locked, installed, flags] of [
        [10, 20, ["--node-modules-dir=manual"]],
        [20, 10, []],
        [20, 20, []],
      ] as const
    ) {
      await Deno.utime(lock, locked, locked);
      await Deno.utime(set, installed, installed);
      const { out } = await call(command, ["run"], folder);
      expect({ locked, installed, out }).toEqual({
        locked,
        installed,
        out: [...always, ...flags, ...commands.run, join(root, "src", "main.ts"), "run", ""]
          .join("\n"),
      });
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "`deno task install` puts a command on the PATH that runs this checkout from anywhere",
  ignore: WINDOWS,
  async fn() {
    const folder = await Deno.makeTempDir();
    const install = () =>
      new Deno.Command(Deno.execPath(), {
        args: ["task", "-q", "install"],
        cwd: ROOT,
        env: { DENO_INSTALL_ROOT: folder, NO_COLOR: "1" },
      }).output();
    const { code, stdout } = await install();
    const command = join(folder, "bin", "sluice");
    expect({ code, out: new TextDecoder().decode(stdout) }).toMatchObject({
      code: 0,
      out: expect.stringContaining(`${command} is written; add ${join(folder, "bin")}`),
    });
    expect(await call(command, ["--version"], folder))
      .toEqual({ code: 0, out: `${config.version}\n`, err: "" });
    // Again: it is ours.
    expect((await install()).code).toBe(0);
    await Deno.writeTextFile(command, "#!/bin/sh\necho mine\n");
    const refused = await install();
    expect(refused.code).toBe(1);
    expect(new TextDecoder().decode(refused.stderr)).toContain("is not of this task");
    expect(await Deno.readTextFile(command)).toBe("#!/bin/sh\necho mine\n");
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("the command for Windows has every command's flags, and doubles percent signs", () => {
  const text = batchFile({ deno: "C:\\100% deno\\deno.exe", root: "C:\\a b" });
  for (const [name, flags] of Object.entries(launchTable().commands)) {
    expect(text).toContain(`if "%~1"=="${name}" set "flags=${flags.join(" ")}"\r\n`);
  }
  expect(text).toContain(`set deno="C:\\100%% deno\\deno.exe"\r\n`);
  expect(text.endsWith(" %*\r\n")).toBe(true);
});
