/**
 * Where our statements look for what they name without a schema: functions, operators and types of
 * Postgres itself. Whatever the path of the role or the database is, nothing that somebody else has
 * made is found in place of them.
 */
export const SEARCH_PATH = "pg_catalog, pg_temp";

/** A setting that each of our sessions runs with, whatever the server or the role sets. */
export interface SessionSetting {
  readonly name: string;
  readonly value: string;
  /** For `docs/database.md`. */
  readonly why: string;
}

/**
 * What our sessions set, unless the URL or PGOPTIONS sets it.
 *
 * Servers and roles are often set up for short queries of a web page: a load is neither short, nor
 * may it be left hanging with locks in its hands.
 */
export const SESSION_SETTINGS: readonly SessionSetting[] = [
  {
    name: "statement_timeout",
    value: "0",
    why: "copying a large file and building its indexes take as long as they take",
  },
  {
    name: "transaction_timeout",
    value: "0",
    why: "the same for transactions (Postgres 17 and later)",
  },
  {
    name: "lock_timeout",
    value: "60s",
    why: "gives up on a lock after a minute (exit 75); exchanges wait less",
  },
  {
    name: "idle_in_transaction_session_timeout",
    value: "60s",
    why: "a client that hangs in a transaction loses it, and with it its locks",
  },
  {
    name: "idle_session_timeout",
    value: "0",
    why: "the session that holds the target's lock has nothing to say while a load runs",
  },
  {
    name: "tcp_keepalives_idle",
    value: "60",
    why: "a client whose machine is gone is noticed, and its locks are freed, within two minutes",
  },
  { name: "tcp_keepalives_interval", value: "10", why: "as above" },
  { name: "tcp_keepalives_count", value: "6", why: "as above" },
  {
    name: "client_connection_check_interval",
    value: "10s",
    why: "a long statement whose client is gone ends (servers on Linux)",
  },
  {
    name: "default_transaction_isolation",
    value: "read committed",
    why: "an exchange must see what was committed while it waited for its lock",
  },
  {
    name: "extra_float_digits",
    value: "1",
    why: "a float that becomes text keeps all its digits",
  },
  { name: "IntervalStyle", value: "postgres", why: "an interval that becomes text is read again" },
];

const NAMES = SESSION_SETTINGS.map(({ name }) => `'${name}'`).join(", ");
/** Other systems cannot tell whether a client is still there, and refuse the setting. */
const ON_THIS_SYSTEM = `(name operator(pg_catalog.<>) 'client_connection_check_interval'
        or pg_catalog.version() operator(pg_catalog.~) 'linux')`;

/**
 * A row of what a session begins with: the `search_path` that the client set when it logged in as
 * `path`, and as `settings` the names of those that are to be applied: those the server knows, and
 * that the client did not set.
 *
 * Every name with its schema: the path is still the server's. The view of all settings is computed
 * as a whole, which takes longer than most statements: it is asked once.
 */
export const FIRST_SETTINGS =
  `select pg_catalog.min(setting) filter (where name operator(pg_catalog.=) 'search_path'
      and source operator(pg_catalog.=) 'client') as path,
    pg_catalog.json_agg(name) filter (where source operator(pg_catalog.<>) 'client'
      and name operator(pg_catalog.=) any (array[${NAMES}])
      and ${ON_THIS_SYSTEM}) as settings
  from pg_catalog.pg_settings`;

/** The same for a client that set nothing when it logged in: without the view, at a third of the time. */
export const FIRST_SETTINGS_UNSET = `select null as path, pg_catalog.json_agg(name) as settings
  from pg_catalog.unnest(array[${NAMES}]) as name
  where pg_catalog.current_setting(name, true) is not null and ${ON_THIS_SYSTEM}`;

/**
 * Applies the settings to the transaction that has just begun, and leaves nothing of them behind it.
 *
 * @param searchPath set before anything is looked up in it
 */
export const applySettingsLocally = (searchPath: string) =>
  `set local search_path to ${searchPath};
select s.name, set_config(s.name, w.value, true)
from (values ${
    SESSION_SETTINGS.map(({ name, value }) => `('${name}', '${value}')`).join(", ")
  }) as w (name, value)
join pg_catalog.pg_settings s on s.name = w.name and s.source <> 'client'
where s.name <> 'client_connection_check_interval' or pg_catalog.version() ~ 'linux'`;

/** Applies the settings of these names, which {@link FIRST_SETTINGS} has found. */
export const applySettings = (searchPath: string, names: readonly string[]) =>
  [
    `set search_path to ${searchPath}`,
    ...SESSION_SETTINGS.filter(({ name }) => names.includes(name))
      .map(({ name, value }) => `set ${name} to '${value}'`),
  ].join("; ");
