import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { namesServer } from "../../src/db/connection/connection_parameters.ts";
import { parseConnectionUrl } from "../../src/db/connection/connection_url.ts";

const NO_FILES = { root: null, usualRoot: null, certificate: null, key: null };

Deno.test("parseConnectionUrl reads both schemes, escapes and defaults", () => {
  expect(parseConnectionUrl("postgres://us%40er:p%2Fw%25@db.example:6543/my%20db")).toEqual({
    host: "db.example",
    port: 6543,
    user: "us@er",
    password: "p/w%",
    passwordFile: null,
    database: "my db",
    tls: "prefer",
    tlsFiles: NO_FILES,
    connectTimeout: 10,
    applicationName: null,
    readWrite: false,
    settings: {},
    describe: "postgres://us%40er@db.example:6543/my%20db",
  });
  expect(parseConnectionUrl("postgresql://u@localhost")).toMatchObject({
    port: 5432,
    database: "u",
    password: "",
    tls: "disable",
  });
  expect(parseConnectionUrl("postgres://u@[::1]:5/d")).toMatchObject({
    host: "::1",
    describe: "postgres://u@[::1]:5/d",
  });
});

Deno.test("parseConnectionUrl takes the query as libpq does", () => {
  const socket = parseConnectionUrl("postgres://u:p@/d?host=/run/postgresql&port=6000");
  expect(socket).toMatchObject({ host: "/run/postgresql", port: 6000, tls: "disable" });
  expect(socket.describe).toBe("postgres://u@%2Frun%2Fpostgresql/d");
  const all =
    "postgres:///?host=h&user=u&password=p&dbname=d&sslmode=verify-ca&sslrootcert=ca.crt" +
    "&sslcert=me.crt&sslkey=me.key&connect_timeout=3&application_name=nightly" +
    "&target_session_attrs=read-write&passfile=pw&search_path=a&options=-c%20jit%3Doff";
  expect(parseConnectionUrl(all)).toMatchObject({
    host: "h",
    user: "u",
    password: "p",
    passwordFile: "pw",
    database: "d",
    tls: "verify-ca",
    tlsFiles: { root: "ca.crt", certificate: "me.crt", key: "me.key" },
    connectTimeout: 3,
    applicationName: "nightly",
    readWrite: true,
    settings: { search_path: "a", options: "-c jit=off" },
  });
  for (const [mode, tls] of [["disable", "disable"], ["require", "require"], ["allow", "prefer"]]) {
    expect(parseConnectionUrl(`postgres://u@h/d?sslmode=${mode}`).tls).toBe(tls);
  }
  // Who names an authority wants it asked.
  expect(parseConnectionUrl("postgres://u@h/d?sslmode=require&sslrootcert=x").tls)
    .toBe("verify-ca");
  expect(parseConnectionUrl("postgres://u@h/d?sslrootcert=x").tls).toBe("verify-full");
});

const VARIABLES = {
  PGHOST: "db.example",
  PGPORT: "6000",
  PGUSER: "loader",
  PGPASSWORD: "s3cret",
  PGDATABASE: "warehouse",
  PGAPPNAME: "nightly",
  PGCONNECT_TIMEOUT: "4",
  PGOPTIONS: "-c work_mem=64MB",
  PGTARGETSESSIONATTRS: "read-write",
  PGSSLMODE: "verify-full",
  PGSSLROOTCERT: "/etc/ca.crt",
  PGSSLCERT: "/etc/me.crt",
  PGSSLKEY: "/etc/me.key",
  PGPASSFILE: "/etc/pgpass",
};

Deno.test("parseConnectionUrl takes what the URL leaves out from libpq's variables", () => {
  expect(parseConnectionUrl("postgres://", VARIABLES)).toEqual({
    host: "db.example",
    port: 6000,
    user: "loader",
    password: "s3cret",
    passwordFile: "/etc/pgpass",
    database: "warehouse",
    tls: "verify-full",
    tlsFiles: {
      root: "/etc/ca.crt",
      usualRoot: null,
      certificate: "/etc/me.crt",
      key: "/etc/me.key",
    },
    connectTimeout: 4,
    applicationName: "nightly",
    readWrite: true,
    settings: { options: "-c work_mem=64MB" },
    describe: "postgres://loader@db.example:6000/warehouse",
  });
});

Deno.test("parseConnectionUrl lets the URL win over each variable", () => {
  const url = "postgres://u:p@h:1/d?application_name=a&connect_timeout=1&options=o&passfile=f" +
    "&target_session_attrs=any&sslmode=prefer&sslrootcert=r&sslcert=c&sslkey=k";
  expect(parseConnectionUrl(url, VARIABLES)).toEqual(parseConnectionUrl(url));
  // What is there but empty counts as left out.
  expect(parseConnectionUrl("postgres://@h?sslmode=", VARIABLES)).toMatchObject({
    host: "h",
    port: 6000,
    user: "loader",
    tls: "verify-full",
  });
});

Deno.test("parseConnectionUrl falls back on the user's own name and home, as libpq does", () => {
  const variables = { USER: "ada", HOME: "/home/ada" };
  expect(parseConnectionUrl("postgres://", variables)).toMatchObject({
    host: "localhost",
    port: 5432,
    user: "ada",
    database: "ada",
    passwordFile: "/home/ada/.pgpass",
    tlsFiles: { usualRoot: "/home/ada/.postgresql/root.crt" },
  });
  expect(parseConnectionUrl("postgres://u@:5/d", variables)).toMatchObject({
    host: "localhost",
    port: 5,
  });
  expect(parseConnectionUrl("postgres:///d", { ...variables, PGHOST: "/run/pg" }).host)
    .toBe("/run/pg");
});

Deno.test("parseConnectionUrl ignores what asks for nothing and refuses what it cannot do", () => {
  const url = (query: string) => `postgres://u@h/d?${query}`;
  const harmless =
    "channel_binding=prefer&gssencmode=disable&keepalives_idle=30&client_encoding=utf8";
  expect(parseConnectionUrl(url(harmless)).settings).toEqual({});
  for (
    const query of [
      "channel_binding=require",
      "sslcrl=x",
      "hostaddr=1.2.3.4",
      "require_auth=scram-sha-256",
      "service=x",
      "sslnegotiation=direct",
    ]
  ) {
    const [keyword, value] = query.split("=");
    const error = failure(() => parseConnectionUrl(url(query)));
    expect(error.code).toBe("db/bad_url");
    expect(error.message)
      .toBe(`The database URL has ${keyword} "${value}", which Sluice cannot do`);
  }
  const variable = failure(() => parseConnectionUrl(url(""), { PGCHANNELBINDING: "require" }));
  expect(variable.message).toBe('PGCHANNELBINDING is "require", which Sluice cannot do');
  expect(variable.hint).toBe("Unset PGCHANNELBINDING");
  // Not taken for the embedded database either.
  expect(namesServer({ PGSERVICE: "mine" })).toBe(true);
  expect(failure(() => parseConnectionUrl("postgres://", { PGSERVICE: "mine" })).message)
    .toBe('PGSERVICE is "mine", which Sluice cannot do');
});

Deno.test("parseConnectionUrl takes addresses as hosts and frameworks hand them out, or says why not", () => {
  const url = (query: string) => `postgres://u:s3cret@h/d?${query}`;
  for (
    const query of [
      "pgbouncer=true&connection_limit=1&pool_timeout=20&socket_timeout=5&statement_cache_size=0",
      "schema=public&sslmode=require",
      "currentSchema=public&ApplicationName=x&prepareThreshold=0&tcpKeepAlive=true",
      "reWriteBatchedInserts=true&ssl=false",
      "supa=base-pooler.x&workaround=supabase-pooler.vercel&uselibpqcompat=true",
      "prepared_statement_cache_size=0&sslaccept=accept_invalid_certs",
      "channel_binding=prefer",
    ]
  ) {
    expect([query, parseConnectionUrl(url(query)).settings]).toEqual([query, {}]);
  }
  const refused: [string, string][] = [
    ["channel_binding=require", "sslmode=verify-full"],
    ["schema=shop", "target: { table: schema.table }"],
    ["currentSchema=shop,public", "target: { table: schema.table }"],
    ["ssl=true", "sslmode=require"],
    ["sslaccept=strict", "sslmode=verify-full"],
    ["sslmode=no-verify", "Use one of disable"],
  ];
  for (const [query, hint] of refused) {
    const error = failure(() => parseConnectionUrl(url(query)));
    expect([query, error.code]).toEqual([query, "db/bad_url"]);
    expect(error.hint).toContain(hint);
    expect(Deno.inspect(error)).not.toContain("s3cret");
  }
});

Deno.test("parseConnectionUrl refuses what it cannot use, and never quotes a password", () => {
  const cases: [string, string, Record<string, string>?][] = [
    ["nonsense s3cret", "cannot be read"],
    ["mysql://u:s3cret@h/d", 'starts with "mysql:"'],
    ["postgres://h:5432/d", "names no user"],
    ["postgres://u:s3cret%zz@h/d", "starts no escape"],
    ["postgres://u:s3cret@h/d?sslmode=maybe", 'The database URL has sslmode "maybe"'],
    ["postgres://u:s3cret@h/d?port=0", 'port "0", which is outside 1 to 65535'],
    ["postgres://u:s3cret@h/d?connect_timeout=soon", 'connect_timeout "soon"'],
    ["postgres://u:${DB_PASSWORD}@h/d", '"DB_PASSWORD", which is not set'],
    ["postgres://u:s3cret@a:1,b:2/d", "The database URL names several hosts"],
    ["postgres://u:s3cret@/d?host=a,b", "The database URL names several hosts"],
    ["postgres://u:s3cret@h/d?target_session_attrs=standby", '"standby", and Sluice writes'],
    ["postgres://u@h/d", "PGHOST names several hosts", { PGHOST: "a,b" }],
    ["postgres://u@h/d", 'PGPORT is "x", which is outside', { PGPORT: "x", PGPASSWORD: "s3cret" }],
    ["postgres://u@h/d", 'PGSSLMODE is "on"', { PGSSLMODE: "on" }],
    ["postgres://u@h/d", 'PGCONNECT_TIMEOUT is "-1"', { PGCONNECT_TIMEOUT: "-1" }],
  ];
  for (const [url, words, variables] of cases) {
    // A host that the URL names wins, so it is not looked at.
    const text = variables?.PGHOST === undefined ? url : url.replace("@h", "@");
    const error = failure(() => parseConnectionUrl(text, variables));
    expect(error.code).toBe("db/bad_url");
    expect(error.message).toContain(words);
    expect(Deno.inspect(error)).not.toContain("s3cret");
  }
});

Deno.test("docs/database.md lists each parameter and variable that is used", () => {
  const docs = Deno.readTextFileSync(new URL("../../docs/database.md", import.meta.url));
  for (const name of Object.keys(VARIABLES)) expect(docs).toContain(`\`${name}\``);
  const used = parseConnectionUrl("postgres://", VARIABLES);
  expect(used.settings).toEqual({ options: VARIABLES.PGOPTIONS });
});

Deno.test("namesServer is for what says where, not for what says how", () => {
  expect(namesServer({ PGHOST: "h" })).toBe(true);
  expect(namesServer({ PGDATABASE: "d" })).toBe(true);
  expect(namesServer({ PGHOST: "", PGUSER: "u", PGPASSWORD: "p", PGSSLMODE: "require" }))
    .toBe(false);
});

function failure(work: () => unknown): SluiceError {
  try {
    work();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error("It was expected to fail");
}
