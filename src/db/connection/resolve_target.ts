import { type ConnectionTarget, parseConnectionUrl } from "./connection_url.ts";
import { findPassword } from "./password_file.ts";
import { readTlsMaterial, type TlsMaterial } from "./tls_material.ts";

/** A target with everything that lies in files. */
export interface ResolvedTarget extends ConnectionTarget {
  readonly material: TlsMaterial;
  /** Why the password file was not used; told when the server wants a password. */
  readonly passwordProblem: string | null;
}

/**
 * Where a URL and libpq's variables lead, with the password and the certificates they point at.
 *
 * @throws SluiceError `db/bad_url`, `db/tls_file`
 */
export async function resolveTarget(
  url: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<ResolvedTarget> {
  const target = parseConnectionUrl(url, variables);
  const material = await readTlsMaterial(target);
  const { password, passwordFile } = target;
  if (password !== "" || passwordFile === null) {
    return { ...target, material, passwordProblem: null };
  }
  const found = await findPassword(passwordFile, target);
  return { ...target, material, password: found.password, passwordProblem: found.problem };
}
