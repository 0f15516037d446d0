import { join } from "node:path";
import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { type EmbeddedServer, startEmbedded } from "../../src/db/embedded/mod.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { poolConfig } from "../../src/distribute/pool_config.ts";
import { openQueue } from "../../src/distribute/queue.ts";
import { hasOpenssl, makeCertificates } from "../db/certificates.ts";
import { testDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";

const ready = await hasOpenssl();
if (!ready) console.warn("openssl is not on this machine: the queue's encryption is not tried");

Deno.test("the queue has the settings of the URL, and asks for no encryption of whom it is not offered", async () => {
  await using test = await testDatabase();
  const role = `queue_${crypto.randomUUID().slice(0, 8)}`;
  await test.db.query(`create role ${role}`);
  const [{ database }] = await test.db.query<{ database: string }>(
    "select current_database() as database",
  );
  await test.db.query(`grant create on database ${database} to ${role}`);
  try {
    const options = encodeURIComponent(`-c role=${role}`);
    const path = encodeURIComponent('"a b", public');
    const url = `${test.url}?sslmode=prefer&options=${options}&search_path=${path}`;
    const config = await poolConfig(await resolveTarget(url));
    expect(config.ssl).toBe(false);
    expect(config.options).toBe(`-c role=${role} -c search_path="a\\ b",\\ public`);
    await using _queue = await openQueue(await resolveTarget(url), "test", 2);
    const [{ owner }] = await test.db.query<{ owner: string }>(
      "select nspowner::regrole::text as owner from pg_namespace where nspname = 'sluice_jobs'",
    );
    expect(owner).toBe(role);
  } finally {
    await test.db.query(`drop owned by ${role} cascade`);
    await test.db.query(`drop role ${role}`);
  }
});

Deno.test({
  name: "the queue encrypts and verifies as sslmode says",
  ignore: !ready,
  async fn() {
    const path = await Deno.makeTempDir({ prefix: "sluice_test_" });
    if (Deno.build.os !== "windows") await Deno.chmod(path, 0o755);
    try {
      await using server = await startEmbedded({ folder: join(path, ".sluice") });
      const certificates = await makeCertificates(path);
      const { root, stranger } = certificates;
      const subject = "/CN=sluice.example";
      const altNames = "IP:127.0.0.1";
      await use(server, await certificates.issue("good", { subject, altNames }));
      for (
        const query of [
          "sslmode=prefer",
          "sslmode=require",
          `sslmode=verify-ca&sslrootcert=${root}`,
          `sslmode=verify-full&sslrootcert=${root}`,
        ]
      ) {
        expect([query, await encrypted(server, query)]).toEqual([query, true]);
      }
      expect(await encrypted(server, "sslmode=disable")).toBe(false);
      for (
        const query of [
          "sslmode=verify-full",
          `sslmode=verify-ca&sslrootcert=${stranger}`,
          `sslmode=require&sslrootcert=${stranger}`,
          `sslmode=verify-full&sslrootcert=${root}&host=localhost`,
        ]
      ) {
        await expect(encrypted(server, query)).rejects.toMatchObject({ code: "db/queue" });
      }
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
});

/** Whether the queue's connections are encrypted. */
async function encrypted(server: EmbeddedServer, query: string): Promise<boolean> {
  const target = await resolveTarget(`${server.superuserUrl}?${query}`);
  await using queue = await openQueue(target, "test", 2);
  await queue.holders();
  await using db = await connect({ url: server.superuserUrl, maxConnections: 1 });
  const connections = await db.query<{ ssl: boolean }>(
    `select ssl from pg_stat_ssl join pg_stat_activity using (pid)
where application_name = 'sluice queue'`,
  );
  expect(connections.length).toBeGreaterThan(0);
  return connections.every(({ ssl }) => ssl);
}

async function use(server: EmbeddedServer, certificate: string): Promise<void> {
  const { dataFolder } = server;
  const { uid, gid } = await Deno.stat(dataFolder);
  const pairs = [[certificate, "server.crt"], [certificate.replace(".crt", ".key"), "server.key"]];
  for (const [from, name] of pairs) {
    const to = join(dataFolder, name);
    await Deno.copyFile(from, to);
    if (uid !== null && gid !== null) await Deno.chown(to, uid, gid);
    await Deno.chmod(to, 0o600);
  }
  await using db = await connect({ url: server.superuserUrl, maxConnections: 1 });
  await db.query("alter system set ssl = on");
  await db.query("select pg_reload_conf()");
  // A reload takes effect in its own time.
  await until("the server encrypts", async () => {
    await using other = await connect({ url: server.superuserUrl, maxConnections: 1 });
    const [{ on }] = await other.query<{ on: boolean }>(
      "select current_setting('ssl')::boolean as on",
    );
    return on;
  });
}
