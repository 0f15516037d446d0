import { SluiceError } from "../../core/error.ts";
import type { ConnectionTarget } from "./connection_url.ts";

/** What an encrypted connection is checked with, as PEM text. */
export interface TlsMaterial {
  /** Authorities to trust; null: those that the runtime trusts. */
  readonly root: string | null;
  /** What this side proves itself with; null: nothing. */
  readonly certificate: string | null;
  readonly key: string | null;
}

/** `sslrootcert=system`: the authorities that the runtime trusts, whatever lies in the home folder. */
const SYSTEM = "system";

/**
 * Reads the files that a target names for encryption.
 *
 * @throws SluiceError `db/tls_file` where one is missing, cannot be read or is not a PEM file
 */
export async function readTlsMaterial(
  { tls, tlsFiles }: Pick<ConnectionTarget, "tls" | "tlsFiles">,
): Promise<TlsMaterial> {
  if (tls === "disable") return { root: null, certificate: null, key: null };
  const { root, usualRoot, certificate, key } = tlsFiles;
  if ((certificate === null) !== (key === null)) {
    throw new SluiceError(
      "db/tls_file",
      certificate === null ? "sslkey is given without sslcert" : "sslcert is given without sslkey",
      { hint: "Give both: a certificate proves nothing without its key" },
    );
  }
  return {
    root: root === SYSTEM
      ? null
      : root === null
      ? await usualRootText(tls, usualRoot)
      : await readPem("sslrootcert", root, "CERTIFICATE"),
    certificate: certificate === null ? null : await readPem("sslcert", certificate, "CERTIFICATE"),
    key: key === null ? null : await readPem("sslkey", key, "PRIVATE KEY"),
  };
}

async function usualRootText(
  tls: ConnectionTarget["tls"],
  path: string | null,
): Promise<string | null> {
  if (path === null || !tls.startsWith("verify-")) return null;
  try {
    await Deno.lstat(path);
  } catch {
    return null;
  }
  return await readPem("sslrootcert", path, "CERTIFICATE");
}

async function readPem(keyword: string, path: string, kind: string): Promise<string> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (cause as Error).message;
    throw new SluiceError("db/tls_file", `${keyword} "${path}" cannot be read: ${why}`, {
      hint:
        "Give the path of a PEM file that this user may read; relative paths start at the current folder",
      cause,
    });
  }
  if (new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(text)) return text;
  throw new SluiceError("db/tls_file", `${keyword} "${path}" holds no PEM ${kind.toLowerCase()}`, {
    hint: `A PEM file has a line "-----BEGIN ${kind}-----"; openssl converts other forms`,
  });
}
