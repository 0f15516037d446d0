import pg from "pg";
import { isSocketFolder } from "../db/connection/connection_url.ts";
import type { ResolvedTarget } from "../db/connection/resolve_target.ts";

/** A target as `pg` takes it: the same server, role, settings and encryption as all else has. */
export async function poolConfig(target: ResolvedTarget): Promise<pg.PoolConfig> {
  const { host, port, user, password, database, tls, material, connectTimeout } = target;
  const config: pg.PoolConfig = {
    host,
    port,
    user,
    password,
    database,
    application_name: target.applicationName ?? "sluice queue",
    connectionTimeoutMillis: connectTimeout * 1000,
    ...(Object.keys(target.settings).length === 0 ? {} : { options: optionsOf(target.settings) }),
    ssl: false,
  };
  if (tls === "disable" || isSocketFolder(host)) return config;
  const encrypted = {
    ...config,
    ssl: {
      // `pg` names a host, and would check an address as if it were `localhost`.
      host,
      rejectUnauthorized: tls === "verify-ca" || tls === "verify-full",
      ...(tls === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
      ...(material.root === null ? {} : { ca: material.root }),
      ...(material.certificate === null ? {} : { cert: material.certificate }),
      ...(material.key === null ? {} : { key: material.key }),
    },
  };
  return tls === "prefer" && !await takesTls(encrypted) ? config : encrypted;
}

/** Settings as words of libpq's `options`, in which a blank or a backslash needs a backslash. */
function optionsOf({ options, ...settings }: Readonly<Record<string, string>>): string {
  const words = Object.entries(settings).map(([name, value]) =>
    `-c ${name}=${value.replace(/[\\\s]/g, "\\$&")}`
  );
  return [...(options === undefined ? [] : [options]), ...words].join(" ");
}

/** `pg` knows no `sslmode=prefer`: encrypted where the server can, else as without. */
async function takesTls(config: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client(config);
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch (error) {
    return (error as Error).message !== "The server does not support SSL connections";
  } finally {
    await client.end().catch(() => {});
  }
}
