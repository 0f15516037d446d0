import { SluiceError } from "../../core/error.ts";

/** The value of one of libpq's keywords, and where it stands, for messages. */
export interface Parameter {
  readonly value: string;
  /** `The database URL`, or the name of a variable. */
  readonly origin: string;
}

/** Connection parameters by libpq's keywords; a name it does not know is a setting of the server. */
export type Parameters = ReadonlyMap<string, Parameter>;

/** The keyword that each of libpq's variables stands for. */
const VARIABLES: Readonly<Record<string, string>> = {
  PGHOST: "host",
  PGPORT: "port",
  PGUSER: "user",
  PGPASSWORD: "password",
  PGPASSFILE: "passfile",
  PGDATABASE: "dbname",
  PGAPPNAME: "application_name",
  PGCONNECT_TIMEOUT: "connect_timeout",
  PGOPTIONS: "options",
  PGTARGETSESSIONATTRS: "target_session_attrs",
  PGSSLMODE: "sslmode",
  PGSSLROOTCERT: "sslrootcert",
  PGSSLCERT: "sslcert",
  PGSSLKEY: "sslkey",
  // Only to be refused: whoever sets them counts on what they ask for.
  PGCHANNELBINDING: "channel_binding",
  PGGSSENCMODE: "gssencmode",
  PGHOSTADDR: "hostaddr",
  PGREQUIREAUTH: "require_auth",
  PGREQUIREPEER: "requirepeer",
  PGSERVICE: "service",
  PGSSLCRL: "sslcrl",
  PGSSLCRLDIR: "sslcrldir",
};

/**
 * libpq's keywords that Sluice has no use for, with the values that ask for nothing it does not do
 * anyway; any other value is refused rather than ignored.
 */
const HARMLESS: Readonly<Record<string, readonly string[] | "any">> = {
  channel_binding: ["disable", "prefer"],
  client_encoding: ["auto", "utf8", "UTF8", "utf-8", "UTF-8"],
  fallback_application_name: "any",
  gssdelegation: ["0"],
  gssencmode: ["disable", "prefer"],
  gsslib: "any",
  hostaddr: [],
  keepalives: "any",
  keepalives_count: "any",
  keepalives_idle: "any",
  keepalives_interval: "any",
  krbsrvname: "any",
  load_balance_hosts: ["disable"],
  replication: ["false", "off", "no", "0"],
  require_auth: [],
  requirepeer: [],
  requiressl: [],
  service: [],
  servicefile: [],
  sslcertmode: ["allow"],
  sslcompression: ["0"],
  sslcrl: [],
  sslcrldir: [],
  sslnegotiation: ["postgres"],
  sslpassword: [],
  sslsni: ["1"],
};

/**
 * Parameters of other clients in addresses as hosts and frameworks hand them out, with the values
 * that ask for nothing else than what Sluice does. They are no settings of the server.
 */
const OTHER_CLIENTS: Readonly<Record<string, readonly string[] | "any">> = {
  // Prisma.
  connection_limit: "any",
  // Whether a pooler shares connections between transactions is found out on connecting.
  pgbouncer: "any",
  pool_timeout: "any",
  schema: ["public"],
  socket_timeout: "any",
  sslaccept: ["accept_invalid_certs"],
  statement_cache_size: "any",
  // JDBC, whose names are in mixed case.
  ApplicationName: "any",
  currentSchema: ["public"],
  prepareThreshold: "any",
  reWriteBatchedInserts: "any",
  ssl: ["false"],
  tcpKeepAlive: "any",
  // node-postgres, asyncpg, SQLAlchemy, Supabase.
  prepared_statement_cache_size: "any",
  supa: "any",
  uselibpqcompat: "any",
  workaround: "any",
};

const TABLES_NAME_SCHEMAS =
  "Leave it out, and name the schema in the pipeline file: `target: { table: schema.table }`";

/** What to do about values that are refused, where leaving them out is not all there is to say. */
const HINTS: Readonly<Record<string, string>> = {
  channel_binding: "Leave it out; sslmode=verify-full checks the server by its certificate",
  currentSchema: TABLES_NAME_SCHEMAS,
  hostaddr: "Write the address as the host",
  schema: TABLES_NAME_SCHEMAS,
  ssl: "Write sslmode=require, or verify-full, which checks the server's certificate",
  sslaccept: "Write sslmode=verify-full",
};

const URL_FORM = "Write it as postgres://user:password@host:5432/database";

/** The variables that say where, not only how; the last two are refused later. */
const NAMES_SERVER = ["PGHOST", "PGDATABASE", "PGHOSTADDR", "PGSERVICE"];

/** Whether libpq's variables name a server, so that it is used in place of the embedded one. */
export function namesServer(variables: Readonly<Record<string, string>>): boolean {
  return NAMES_SERVER.some((name) => (variables[name] ?? "") !== "");
}

/**
 * What a URL says, and libpq's variables where it says nothing.
 *
 * @throws SluiceError `db/bad_url`, which never quotes the URL: it may hold a password
 */
export function readParameters(
  url: string,
  variables: Readonly<Record<string, string>>,
): Parameters {
  const parameters = new Map<string, Parameter>();
  for (const [name, keyword] of Object.entries(VARIABLES)) {
    const value = variables[name] ?? "";
    if (value !== "") parameters.set(keyword, { value, origin: name });
  }
  for (const [keyword, value] of urlParameters(url)) {
    parameters.set(keyword, { value, origin: "The database URL" });
  }
  for (const [keyword, harmless] of Object.entries({ ...HARMLESS, ...OTHER_CLIENTS })) {
    const given = parameters.get(keyword);
    if (given === undefined) continue;
    if (harmless !== "any" && !harmless.includes(given.value)) {
      const { origin } = given;
      const hint = isVariable(origin) ? `Unset ${origin}` : HINTS[keyword] ?? "Leave it out";
      throw badParameter(keyword, given, ", which Sluice cannot do", hint);
    }
    parameters.delete(keyword);
  }
  return parameters;
}

/** A value that cannot be used, with the reason: `, and Sluice writes`. */
export function badParameter(
  keyword: string,
  { value, origin }: Parameter,
  why: string,
  hint?: string,
): SluiceError {
  return isVariable(origin)
    ? badUrl(`${origin} is "${value}"${why}`, hint ?? `Correct or unset ${origin}`)
    : badUrl(`${origin} has ${keyword} "${value}"${why}`, hint);
}

/** Settings from which no connection can be made. */
export function badUrl(message: string, hint = URL_FORM): SluiceError {
  return new SluiceError("db/bad_url", message, { hint });
}

function urlParameters(text: string): Map<string, string> {
  const unset = text.match(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/);
  if (unset !== null) {
    throw badUrl(`The database URL refers to "${unset[1]}", which is not set`);
  }
  // A URL without a host is usual with a Unix socket, and URLs proper do not allow it.
  const whole = text.trim().replace(
    /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?=[/?#:]|$)/i,
    `$1${NO_HOST}`,
  );
  if (/^[^/?#]*\/\/[^/?#]*,/.test(whole)) throw severalHosts("The database URL");
  const url = tryParse(whole);
  if (url === null) throw badUrl("The database URL cannot be read");
  if (!/^postgres(ql)?:$/.test(url.protocol)) {
    throw badUrl(`The database URL starts with "${url.protocol}" instead of "postgres:"`);
  }
  const host = decode(url.hostname).replace(/^\[(.*)\]$/, "$1");
  return new Map([
    ["host", host === NO_HOST ? "" : host],
    ["port", url.port],
    ["user", decode(url.username)],
    ["password", decode(url.password)],
    ["dbname", decode(url.pathname.slice(1))],
    ...url.searchParams,
  ].filter(([, value]) => value !== "") as [string, string][]);
}

/** Stands for a host that the URL leaves out; no real one ends so. */
const NO_HOST = "left-out.invalid";

/** Several hosts in one place. */
export function severalHosts(origin: string): SluiceError {
  return badUrl(
    `${origin} names several hosts`,
    "Name one: a host name or address that always leads to the primary",
  );
}

function isVariable(origin: string): boolean {
  return origin.startsWith("PG");
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
      'The database URL has a "%" that starts no escape such as %40',
      'Write "%25" for a percent sign in a name or password',
    );
  }
}
