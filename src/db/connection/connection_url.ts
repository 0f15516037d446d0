import {
  badParameter,
  badUrl,
  type Parameter,
  type Parameters,
  readParameters,
  severalHosts,
} from "./connection_parameters.ts";

/** Where a connection goes and how, from a URL and libpq's variables. */
export interface ConnectionTarget {
  /** Host name or address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Empty where none is given. */
  readonly password: string;
  /** Looked into where no password is given; null: there is no place for one. */
  readonly passwordFile: string | null;
  readonly database: string;
  readonly tls: TlsMode;
  readonly tlsFiles: TlsFiles;
  /** Seconds until a connection attempt is given up; 0: never. */
  readonly connectTimeout: number;
  /** In place of the command's own name. */
  readonly applicationName: string | null;
  /** Whether a server that cannot be written to, as a standby, is refused. */
  readonly readWrite: boolean;
  /** Server settings, such as `options` or `search_path`. */
  readonly settings: Readonly<Record<string, string>>;
  /** As a URL without password and query. */
  readonly describe: string;
}

export type TlsMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

/** Paths of PEM files. */
export interface TlsFiles {
  /** Certificates of the authorities to trust; null: those that the runtime trusts. */
  readonly root: string | null;
  /** In place of `root` where it stands: what libpq looks into by itself. */
  readonly usualRoot: string | null;
  /** What this side proves itself with; null: nothing. */
  readonly certificate: string | null;
  readonly key: string | null;
}

const TLS_MODES: Readonly<Record<string, TlsMode>> = {
  disable: "disable",
  allow: "prefer",
  prefer: "prefer",
  require: "require",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full",
};

/** Which servers will do, and whether they must take writes; those that never do are not here. */
const SESSION_KINDS: Readonly<Record<string, boolean>> = {
  any: false,
  "read-write": true,
  primary: true,
};

/**
 * Takes a `postgres://` or `postgresql://` URL apart; what it leaves out is taken from libpq's
 * variables, then from libpq's defaults.
 *
 * @throws SluiceError `db/bad_url`, which never quotes the URL: it may hold a password
 */
export function parseConnectionUrl(
  text: string,
  variables: Readonly<Record<string, string>> = {},
): ConnectionTarget {
  const parameters = new Map(readParameters(text, variables));
  const take = (keyword: string) => {
    const parameter = parameters.get(keyword);
    parameters.delete(keyword);
    return parameter;
  };
  const host = hostOf(take("host"));
  const port = portOf(take("port"));
  const user = take("user")?.value ?? variables.USER ?? variables.USERNAME ?? "";
  if (user === "") throw badUrl("The database URL names no user");
  const database = take("dbname")?.value || user;
  const tlsFiles = {
    root: take("sslrootcert")?.value ?? null,
    usualRoot: homeFile(variables, ".postgresql/root.crt"),
    certificate: take("sslcert")?.value ?? null,
    key: take("sslkey")?.value ?? null,
  };
  return {
    host,
    port,
    user,
    password: take("password")?.value ?? "",
    passwordFile: take("passfile")?.value ?? homeFile(variables, ".pgpass"),
    database,
    tls: tlsOf(take("sslmode"), host, tlsFiles.root),
    tlsFiles,
    connectTimeout: timeoutOf(take("connect_timeout")),
    applicationName: take("application_name")?.value ?? null,
    readWrite: readWriteOf(take("target_session_attrs")),
    settings: settingsOf(parameters),
    describe: describe(host, port, user, database),
  };
}

/** Whether the host is the folder of a Unix socket. */
export function isSocketFolder(host: string): boolean {
  return host.startsWith("/");
}

function hostOf(parameter: Parameter | undefined): string {
  if (parameter?.value.includes(",")) throw severalHosts(parameter.origin);
  return parameter?.value || "localhost";
}

function portOf(parameter: Parameter | undefined): number {
  const port = Number(parameter?.value ?? "5432");
  if (parameter !== undefined && (!Number.isInteger(port) || port < 1 || port > 65535)) {
    throw badParameter("port", parameter, ", which is outside 1 to 65535");
  }
  return port;
}

function tlsOf(parameter: Parameter | undefined, host: string, root: string | null): TlsMode {
  if (parameter === undefined) return root === null ? defaultTls(host) : "verify-full";
  const mode = TLS_MODES[parameter.value];
  if (mode === undefined) {
    throw badParameter(
      "sslmode",
      parameter,
      ", which is not a mode",
      `Use one of ${Object.keys(TLS_MODES).join(", ")}`,
    );
  }
  // As libpq: who names an authority wants it asked.
  return mode === "require" && root !== null ? "verify-ca" : mode;
}

function defaultTls(host: string): TlsMode {
  const local = isSocketFolder(host) || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(host);
  return local ? "disable" : "prefer";
}

function timeoutOf(parameter: Parameter | undefined): number {
  const seconds = Number(parameter?.value ?? "10");
  if (parameter !== undefined && (!Number.isFinite(seconds) || seconds < 0)) {
    throw badParameter(
      "connect_timeout",
      parameter,
      ", which is not a number of seconds, 0 or more",
    );
  }
  return seconds;
}

function readWriteOf(parameter: Parameter | undefined): boolean {
  const readWrite = SESSION_KINDS[parameter?.value ?? "any"];
  if (readWrite === undefined) {
    throw badParameter(
      "target_session_attrs",
      parameter!,
      ", and Sluice writes",
      `Use one of ${Object.keys(SESSION_KINDS).join(", ")}`,
    );
  }
  return readWrite;
}

function settingsOf(parameters: Parameters): Record<string, string> {
  return Object.fromEntries([...parameters].map(([name, { value }]) => [name, value]));
}

/** A file in the user's home folder, or null where that is not known. */
function homeFile(variables: Readonly<Record<string, string>>, name: string): string | null {
  const home = variables.HOME ?? "";
  return home === "" ? null : `${home}/${name}`;
}

function describe(host: string, port: number, user: string, database: string): string {
  const where = isSocketFolder(host)
    ? encodeURIComponent(host)
    : `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return `postgres://${encodeURIComponent(user)}@${where}/${encodeURIComponent(database)}`;
}
