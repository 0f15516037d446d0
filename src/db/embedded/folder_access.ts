import { dirname } from "node:path";
import { SluiceError } from "../../core/error.ts";
import { statOrNull } from "./home.ts";

/**
 * Says whose file is in the way where the system refuses it.
 *
 * Another user, most often root, was here first: what that one has made nobody else may change.
 *
 * @throws SluiceError `db/embedded_permission`
 */
export async function withAccess<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw cause;
    const path = /'([^']+)'$/.exec(cause.message)?.[1] ?? folder;
    const owner = await ownerOf(path);
    const whose = owner === null ? "another user" : owner === 0 ? "root" : `user ${owner}`;
    throw new SluiceError(
      "db/embedded_permission",
      `"${path}" belongs to ${whose}, and this user may not use it`,
      {
        hint: "Run as the user who was here first, or name another database with --database; to " +
          `hand the embedded one over, stop it and run: sudo chown -R $(id -u):$(id -g) ${folder}`,
        cause,
      },
    );
  }
}

/** The owner of a path, or of the folder above it that can be looked at; null where none has one. */
async function ownerOf(path: string): Promise<number | null> {
  for (let at = path;; at = dirname(at)) {
    const info = await statOrNull(at).catch(() => null);
    if (info !== null) return info.uid;
    if (at === dirname(at)) return null;
  }
}
