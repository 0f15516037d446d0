import { join } from "node:path";

/** An authority and what it signed, as paths of PEM files. */
export interface Certificates {
  /** The authority itself. */
  readonly root: string;
  /** Some other authority, which signed nothing here. */
  readonly stranger: string;
  /** Signs a certificate; its key lies beside it, as `NAME.key`. */
  issue(name: string, request: CertificateRequest): Promise<string>;
}

export interface CertificateRequest {
  readonly subject: string;
  /** As openssl's `subjectAltName`; none when left out. */
  readonly altNames?: string;
  /** Negative: it ran out as many days ago. Default 2. */
  readonly days?: number;
}

/** Whether openssl is on this machine, which the certificates of tests are made with. */
export async function hasOpenssl(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("openssl", {
      args: ["version"],
      stdout: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/** Makes two authorities in a folder. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const root = await makeAuthority(folder, "root");
  const stranger = await makeAuthority(folder, "stranger");
  return {
    root,
    stranger,
    async issue(name, { subject, altNames, days = 2 }) {
      const path = (ending: string) => join(folder, `${name}.${ending}`);
      await openssl(
        ["req", "-newkey", "rsa:2048", "-nodes", "-subj", subject],
        ["-keyout", path("key"), "-out", path("csr")],
      );
      const extensions = altNames === undefined
        ? "basicConstraints=CA:FALSE\n"
        : `subjectAltName=${altNames}\n`;
      await Deno.writeTextFile(path("ext"), extensions);
      await openssl(
        ["x509", "-req", "-in", path("csr"), "-out", path("crt"), "-days", String(days)],
        ["-CA", root, "-CAkey", join(folder, "root.key"), "-CAcreateserial"],
        ["-extfile", path("ext")],
      );
      return path("crt");
    },
  };
}

async function makeAuthority(folder: string, name: string): Promise<string> {
  const certificate = join(folder, `${name}.crt`);
  await openssl(
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
    ["-keyout", join(folder, `${name}.key`), "-out", certificate],
    ["-addext", "keyUsage=keyCertSign"],
  );
  return certificate;
}

async function openssl(...args: string[][]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: args.flat() }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
