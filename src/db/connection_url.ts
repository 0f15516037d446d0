import { SluiceError } from "../core/error.ts";

/** A connection URL, taken apart. */
export interface ConnectionTarget {
  /** Host name or address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: TlsMode;
  /** Seconds until a connection attempt is given up. */
  readonly connectTimeout: number;
  /** Server settings from the query, such as `options` or `search_path`. */
  readonly settings: Readonly<Record<string, string>>;
  /** The same URL without password and query. */
  readonly describe: string;
}

export type TlsMode = "disable" | "prefer" | "require" | "verify-full";

const TLS_MODES: Readonly<Record<string, TlsMode>> = {
  disable: "disable",
  allow: "prefer",
  prefer: "prefer",
  require: "require",
  // Also checks the name: stricter than asked for, never laxer.
  "verify-ca": "verify-full",
  "verify-full": "verify-full",
};

const FORM = "postgres://user:password@host:5432/database";

/**
 * Takes a `postgres://` or `postgresql://` URL apart.
 *
 * @throws SluiceError `db/bad_url`, which never quotes the URL: it may hold a password
 */
export function parseConnectionUrl(text: string): ConnectionTarget {
  const unset = text.match(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/);
  if (unset !== null) {
    throw badUrl(`The database URL refers to "${unset[1]}", which is not set`);
  }
  // A name without a host is usual with a Unix socket, and URLs proper do not allow it.
  const whole = text.trim().replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?#:]|$)/i, "$1localhost");
  const url = tryParse(whole);
  if (url === null) throw badUrl("The database URL cannot be read");
  if (!/^postgres(ql)?:$/.test(url.protocol)) {
    throw badUrl(`The database URL starts with "${url.protocol}" instead of "postgres:"`);
  }
  const query = new Map(url.searchParams);
  const take = (name: string) => {
    const value = query.get(name);
    query.delete(name);
    return value;
  };
  const host = take("host") ?? decode(url.hostname).replace(/^\[(.*)\]$/, "$1");
  const port = Number(take("port") ?? (url.port || "5432"));
  const user = take("user") ?? decode(url.username);
  const password = take("password") ?? decode(url.password);
  const database = take("dbname") ?? decode(url.pathname.slice(1));
  const mode = take("sslmode");
  const timeout = Number(take("connect_timeout") ?? "10");
  take("application_name");
  if (user === "") throw badUrl("The database URL names no user");
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw badUrl("The database URL has a port outside 1 to 65535");
  }
  if (!Number.isFinite(timeout) || timeout <= 0) {
    throw badUrl("The database URL has a connect_timeout that is no number of seconds above 0");
  }
  if (mode !== undefined && TLS_MODES[mode] === undefined) {
    throw badUrl(
      `The database URL has sslmode "${mode}"`,
      `Use one of ${Object.keys(TLS_MODES).join(", ")}`,
    );
  }
  const target = {
    host: host === "" ? "localhost" : host,
    port,
    user,
    password,
    database: database === "" ? user : database,
    connectTimeout: timeout,
    settings: Object.fromEntries(query),
  };
  return {
    ...target,
    tls: mode === undefined ? defaultTls(target.host) : TLS_MODES[mode],
    describe: describe(target),
  };
}

/** Whether the host is the folder of a Unix socket. */
export function isSocketFolder(host: string): boolean {
  return host.startsWith("/");
}

function defaultTls(host: string): TlsMode {
  const local = isSocketFolder(host) || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(host);
  return local ? "disable" : "prefer";
}

function describe(target: Omit<ConnectionTarget, "describe" | "tls">): string {
  const { host, port, user, database } = target;
  const where = isSocketFolder(host)
    ? encodeURIComponent(host)
    : `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return `postgres://${encodeURIComponent(user)}@${where}/${encodeURIComponent(database)}`;
}

function tryParse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(
      'The database URL holds a "%" that starts no escape',
      'Write "%25" for a percent sign in a name or password',
    );
  }
}

function badUrl(message: string, hint = `Write it as ${FORM}`): SluiceError {
  return new SluiceError("db/bad_url", message, { hint });
}
