/** A file system of a few hundred megabytes in memory, that trials may fill. */
export interface SmallDisk extends AsyncDisposable {
  /** Null where this user or this machine may not mount one. */
  readonly folder: string | null;
  /** Takes all but so many bytes. */
  fill(leave: number): Promise<void>;
  /** Gives back what `fill` took. */
  empty(): Promise<void>;
}

/** Mounts one; disposing unmounts it. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-disk-" });
  const mounted = await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  if (mounted === null) {
    await Deno.remove(folder);
    const nothing = () => Promise.resolve();
    return { folder: null, fill: nothing, empty: nothing, [Symbol.asyncDispose]: nothing };
  }
  // Postgres may run as another user.
  await Deno.chmod(folder, 0o755);
  const filler = `${folder}/filler`;
  const empty = () => Deno.remove(filler).catch(() => {});
  return {
    folder,
    async fill(leave) {
      await empty();
      const free = await freeBytes(folder);
      await run("fallocate", ["-l", String(Math.max(4096, free - leave)), filler]);
    },
    empty,
    async [Symbol.asyncDispose]() {
      await empty();
      await run("umount", [folder]) ?? await run("umount", ["-l", folder]);
      await Deno.remove(folder);
    },
  };
}

/** Bytes free on the disk that a folder lies on. */
async function freeBytes(folder: string): Promise<number> {
  const text = await run("df", ["--output=avail", "-B1", folder]);
  return Number(text?.split("\n")[1]);
}

/** What a program printed, or null where it failed or is not there. */
async function run(program: string, args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args: [...args] }).output();
    return success ? new TextDecoder().decode(stdout) : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
