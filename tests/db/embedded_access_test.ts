import { join } from "node:path";
import { expect } from "packages/expect.ts";
import { type FolderFacts, unreachableFolder } from "../../src/db/embedded/account.ts";
import { withAccess } from "../../src/db/embedded/folder_access.ts";

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

/** A user that has nothing. */
const NOBODY = 65_534;

const ROOT = new URL("../../", import.meta.url);

async function facts(path: string): Promise<FolderFacts> {
  const { uid, gid, mode } = await Deno.stat(path);
  return { uid: uid ?? 0, gid: gid ?? 0, mode: mode ?? 0 };
}

Deno.test("withAccess() says whose file is in the way, and lets all else through", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sluice_test_" });
  try {
    const path = join(folder, "turn.lock");
    const denied = new Deno.errors.PermissionDenied(
      `Permission denied (os error 13): open '${path}'`,
    );
    const owner = (await Deno.stat(folder)).uid;
    const failing = (error: Error) => withAccess(folder, () => Promise.reject(error));
    await expect(failing(denied)).rejects.toMatchObject({
      code: "db/embedded_permission",
      message: `"${path}" belongs to ${owner === 0 ? "root" : `user ${owner}`}, ` +
        "and this user may not use it",
      hint: expect.stringContaining("chown -R"),
    });
    const notCapable = new Deno.errors.NotCapable("Requires write access");
    await expect(failing(notCapable)).rejects.toBe(notCapable);
    const bug = new TypeError("x");
    await expect(failing(bug)).rejects.toBe(bug);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "another user in the folder of root is told so by each use of the embedded server",
  ignore: !isRoot,
  async fn() {
    const account = { uid: NOBODY, gid: NOBODY, name: "nobody" };
    const closed = await unreachableFolder(ROOT.pathname, account, facts);
    if (closed !== null) {
      console.log(`skipped: another user cannot read this checkout, ${closed} is closed to it`);
      return;
    }
    const project = await Deno.makeTempDir({ prefix: "sluice_test_" });
    const cache = await Deno.makeTempDir({ prefix: "sluice_test_" });
    try {
      await Deno.chmod(project, 0o755);
      await Deno.chmod(cache, 0o777);
      // Where root installed Deno, another user may not be let in.
      const deno = join(cache, "deno");
      await Deno.copyFile(Deno.execPath(), deno);
      await Deno.chmod(deno, 0o755);
      const folder = join(project, ".sluice");
      // As a first command of root leaves it.
      await Deno.mkdir(join(folder, "postgres"), { recursive: true, mode: 0o755 });
      for (const name of ["turn.lock", "users.lock"]) {
        await Deno.writeTextFile(join(folder, "postgres", name), "", { mode: 0o644 });
      }
      const server = new URL("../../src/db/embedded/mod.ts", import.meta.url).href;
      for (const use of ["startEmbedded({ folder })", "stopEmbedded(folder)"]) {
        const program = `import { startEmbedded, stopEmbedded } from ${JSON.stringify(server)};
const folder = Deno.args[0];
try { await ${use}; } catch (error) { console.log(error.code, error.message); }
void [startEmbedded, stopEmbedded];`;
        const { stdout, stderr } = await new Deno.Command(deno, {
          args: ["eval", "--no-lock", "--node-modules-dir=manual", program, folder],
          cwd: ROOT,
          uid: NOBODY,
          gid: NOBODY,
          env: { DENO_DIR: cache, HOME: cache },
        }).output();
        const decoder = new TextDecoder();
        expect([decoder.decode(stdout), decoder.decode(stderr)]).toEqual([
          `db/embedded_permission "${folder}/postgres/turn.lock" belongs to root, ` +
          "and this user may not use it\n",
          expect.any(String),
        ]);
      }
    } finally {
      await Deno.remove(project, { recursive: true });
      await Deno.remove(cache, { recursive: true });
    }
  },
});
