import { expect } from "expect";
import { SluiceError } from "../../src/core/error.ts";
import { parseConnectionUrl } from "../../src/db/connection_url.ts";

Deno.test("parseConnectionUrl reads both schemes, escapes and defaults", () => {
  expect(parseConnectionUrl("postgres://us%40er:p%2Fw%25@db.example:6543/my%20db")).toEqual({
    host: "db.example",
    port: 6543,
    user: "us@er",
    password: "p/w%",
    database: "my db",
    tls: "prefer",
    connectTimeout: 10,
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
  const all = "postgres:///?host=h&user=u&password=p&dbname=d&sslmode=verify-ca" +
    "&connect_timeout=3&search_path=a";
  expect(parseConnectionUrl(all)).toMatchObject({
    host: "h",
    user: "u",
    password: "p",
    database: "d",
    tls: "verify-full",
    connectTimeout: 3,
    settings: { search_path: "a" },
  });
  for (const [mode, tls] of [["disable", "disable"], ["require", "require"], ["allow", "prefer"]]) {
    expect(parseConnectionUrl(`postgres://u@h/d?sslmode=${mode}`).tls).toBe(tls);
  }
});

Deno.test("parseConnectionUrl refuses what it cannot use, and never quotes a password", () => {
  const cases: [string, string][] = [
    ["nonsense s3cret", "cannot be read"],
    ["mysql://u:s3cret@h/d", 'starts with "mysql:"'],
    ["postgres://h:5432/d", "names no user"],
    ["postgres://u:s3cret%zz@h/d", "starts no escape"],
    ["postgres://u:s3cret@h/d?sslmode=maybe", 'sslmode "maybe"'],
    ["postgres://u:s3cret@h/d?port=0", "port outside"],
    ["postgres://u:s3cret@h/d?connect_timeout=soon", "connect_timeout"],
    ["postgres://u:${DB_PASSWORD}@h/d", '"DB_PASSWORD", which is not set'],
  ];
  for (const [url, words] of cases) {
    const error = failure(() => parseConnectionUrl(url));
    expect(error.code).toBe("db/bad_url");
    expect(error.message).toContain(words);
    expect(Deno.inspect(error)).not.toContain("s3cret");
  }
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
