import { join } from "node:path";
import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { type EmbeddedServer, startEmbedded } from "../../src/db/embedded/mod.ts";
import { type Certificates, hasOpenssl, makeCertificates } from "./certificates.ts";

const ready = await hasOpenssl();
if (!ready) console.warn("openssl is not on this machine: the tests of encryption are skipped");

Deno.test({
  name: "connect encrypts and verifies as sslmode says",
  ignore: !ready,
  async fn(t) {
    const path = await Deno.makeTempDir({ prefix: "sluice_test_" });
    if (Deno.build.os !== "windows") await Deno.chmod(path, 0o755);
    try {
      await using server = await startEmbedded({ folder: join(path, ".sluice") });
      const certificates = await makeCertificates(path);
      const { root, stranger } = certificates;
      const altNames = "DNS:localhost,IP:127.0.0.1";
      const good = await certificates.issue("good", { subject: "/CN=localhost", altNames });
      await use(server, good);

      await t.step("without looking whom it talks to", async () => {
        expect(await encrypted(server, "sslmode=disable")).toBe(false);
        expect(await encrypted(server, "sslmode=prefer")).toBe(true);
        expect(await encrypted(server, "sslmode=require")).toBe(true);
      });
      await t.step("verify-full with the right authority and name", async () => {
        for (const host of ["127.0.0.1", "localhost"]) {
          const query = `sslmode=verify-full&sslrootcert=${root}&host=${host}`;
          expect(await encrypted(server, query)).toBe(true);
        }
        const variables = { PGSSLMODE: "verify-full", PGSSLROOTCERT: root };
        expect(await encrypted(server, "", variables)).toBe(true);
      });
      await t.step("an authority that the machine does not trust is refused", async () => {
        for (const query of ["sslmode=verify-full", `sslmode=verify-ca&sslrootcert=${stranger}`]) {
          await expect(encrypted(server, query)).rejects.toMatchObject({
            code: "db/tls",
            message: expect.stringContaining("no authority that this machine trusts signed"),
            hint: expect.stringContaining("sslrootcert=PATH"),
          });
        }
        // As in libpq: an authority that is named is asked.
        await expect(encrypted(server, `sslmode=require&sslrootcert=${stranger}`)).rejects
          .toMatchObject({ code: "db/tls" });
      });
      await t.step(
        "the authority in the home folder is trusted unless told otherwise",
        async () => {
          await Deno.mkdir(join(path, ".postgresql"));
          await Deno.copyFile(root, join(path, ".postgresql", "root.crt"));
          const home = { HOME: path };
          expect(await encrypted(server, "sslmode=verify-full", home)).toBe(true);
          await expect(encrypted(server, "sslmode=verify-full&sslrootcert=system", home)).rejects
            .toMatchObject({ code: "db/tls" });
        },
      );
      await t.step("a copy works through it, and a drop in its middle is noticed", async () => {
        await copyAndDrop(`${server.superuserUrl}?sslmode=verify-full&sslrootcert=${root}`);
      });
      await t.step("another name is refused by verify-full only", async () => {
        const other = { subject: "/CN=db.example", altNames: "DNS:db.example" };
        await use(server, await certificates.issue("other", other));
        const query = `sslrootcert=${root}&host=localhost`;
        await expect(encrypted(server, `sslmode=verify-full&${query}`)).rejects.toMatchObject({
          code: "db/tls",
          message: expect.stringMatching(/is for another name .*db\.example/),
          hint: expect.stringContaining("verify-ca"),
        });
        await expect(encrypted(server, `sslmode=verify-full&sslrootcert=${root}`)).rejects
          .toMatchObject({ code: "db/tls" });
        expect(await encrypted(server, `sslmode=verify-ca&${query}`)).toBe(true);
      });
      await t.step("a certificate that ran out is refused by both", async () => {
        const expired = { subject: "/CN=localhost", altNames, days: -1 };
        await use(server, await certificates.issue("expired", expired));
        for (const mode of ["verify-ca", "verify-full"]) {
          await expect(encrypted(server, `sslmode=${mode}&sslrootcert=${root}`)).rejects
            .toMatchObject({
              code: "db/tls",
              message: expect.stringContaining("is not valid today"),
            });
        }
      });
      await t.step("a server that wants a certificate gets it", async () => {
        await use(server, good);
        await wantCertificate(server, certificates);
        const subject = "/CN=sluice_loader";
        const client = await certificates.issue("client", { subject });
        const key = client.replace(".crt", ".key");
        const query = `sslmode=verify-full&sslrootcert=${root}`;
        const variables = { PGSSLCERT: client, PGSSLKEY: key };
        expect(await encrypted(server, query, variables)).toBe(true);
        await expect(encrypted(server, query)).rejects.toMatchObject({
          code: "db/authentication",
          message: expect.stringContaining("valid client certificate"),
        });
        const stranger = root.replace("root.crt", "stranger");
        for (
          const refused of [
            { PGSSLCERT: client, PGSSLKEY: `${stranger}.key` },
            { PGSSLCERT: `${stranger}.crt`, PGSSLKEY: `${stranger}.key` },
          ]
        ) {
          // The server's word on it may be overtaken by the end of the connection.
          await expect(encrypted(server, query, refused)).rejects.toMatchObject({
            code: expect.stringMatching(/^db\/(tls|hung_up)$/),
            hint: expect.stringContaining("sslcert"),
          });
        }
      });
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
});

Deno.test("connect names the certificate file that it cannot use", async () => {
  using folder = tempFolder();
  const text = join(folder.path, "text.pem");
  await Deno.writeTextFile(text, "no PEM at all");
  const missing = join(folder.path, "missing.crt");
  for (
    const [query, message] of [
      [`sslrootcert=${missing}`, `sslrootcert "${missing}" cannot be read: there is no such file`],
      [`sslrootcert=${folder.path}`, `sslrootcert "${folder.path}" cannot be read`],
      [`sslrootcert=${text}`, `sslrootcert "${text}" holds no PEM certificate`],
      [`sslcert=${text}`, "sslcert is given without sslkey"],
      [`sslkey=${text}`, "sslkey is given without sslcert"],
      [`sslcert=${text}&sslkey=${text}`, `sslcert "${text}" holds no PEM certificate`],
    ]
  ) {
    // Nothing listens there: the file is looked at before.
    await expect(connect({ url: `postgres://u@127.0.0.1:1/d?sslmode=verify-full&${query}` }))
      .rejects.toMatchObject({
        code: "db/tls_file",
        retry: "never",
        message: expect.stringContaining(message),
      });
  }
});

async function encrypted(
  { url }: EmbeddedServer,
  query: string,
  variables: Record<string, string> = {},
): Promise<boolean> {
  await using db = await connect({ url: `${url}?${query}`, variables });
  const [{ ssl }] = await db.query<{ ssl: boolean }>(
    "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
  );
  return ssl;
}

/** Makes the server show a certificate from now on. */
async function use(server: EmbeddedServer, certificate: string): Promise<void> {
  await give(server, certificate, "server.crt");
  await give(server, certificate.replace(".crt", ".key"), "server.key");
  await reload(server, ["ssl = on"]);
}

/** Makes the server take no session without a certificate of the authority. */
async function wantCertificate(server: EmbeddedServer, { root }: Certificates): Promise<void> {
  await give(server, root, "root.crt");
  await Deno.writeTextFile(
    join(server.dataFolder, "pg_hba.conf"),
    "hostssl all all all scram-sha-256 clientcert=verify-full\nhostnossl all all all scram-sha-256\n",
  );
  await reload(server, ["ssl_ca_file = 'root.crt'"]);
}

async function give({ dataFolder }: EmbeddedServer, from: string, name: string): Promise<void> {
  const to = join(dataFolder, name);
  await Deno.copyFile(from, to);
  const { uid, gid } = await Deno.stat(dataFolder);
  if (uid !== null && gid !== null) await Deno.chown(to, uid, gid);
  await Deno.chmod(to, 0o600);
}

async function reload(
  { superuserUrl: url }: EmbeddedServer,
  settings: readonly string[],
): Promise<void> {
  await using db = await connect({ url: `${url}?sslmode=disable` });
  for (const setting of settings) await db.query(`alter system set ${setting}`);
  const loaded = async () => {
    const [{ at }] = await db.query<{ at: string }>("select pg_conf_load_time()::text as at");
    return at;
  };
  const before = await loaded();
  await db.query("select pg_reload_conf()");
  while (await loaded() === before) await db.query("select pg_sleep(0.02)");
  // Sessions are told after the process that makes them.
  await db.query("select pg_sleep(0.2)");
}

async function copyAndDrop(url: string): Promise<void> {
  await using db = await connect({ url });
  await db.query("create table public.t (a int)");
  const copy = await db.copyIn("copy public.t from stdin");
  await copy.write(new TextEncoder().encode("7\n".repeat(500_000)));
  expect(await copy.finish()).toBe(500_000);
  const dropped = await db.copyIn("copy public.t from stdin");
  await db.query(
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where query like 'copy public.t %'",
  );
  await expect(dropped.finish()).rejects.toMatchObject({ code: "db/connection_lost" });
}

function tempFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "sluice_test_" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}
