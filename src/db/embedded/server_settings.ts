/**
 * The settings of an embedded server, as `postgresql.conf`.
 *
 * Written at each start; settings of `alter system` are in another file and win. Chosen for loading
 * much data on a machine that does other things too: memory stays modest, the log of changes may
 * grow before it is folded in, and data is safe when the power goes (fsync).
 */
export function settingsFile(port: number): string {
  return SETTINGS.map(([name, value]) => `${name} = ${value}`)
    .concat(`port = ${port}`, "")
    .join("\n");
}

const SETTINGS: readonly (readonly [string, string])[] = [
  ["listen_addresses", "'127.0.0.1'"],
  ["unix_socket_directories", "''"],
  ["max_connections", "100"],
  ["shared_buffers", "'128MB'"],
  ["maintenance_work_mem", "'256MB'"],
  ["work_mem", "'32MB'"],
  ["wal_level", "'minimal'"],
  ["max_wal_senders", "0"],
  ["wal_buffers", "'16MB'"],
  ["max_wal_size", "'4GB'"],
  ["min_wal_size", "'256MB'"],
  ["checkpoint_timeout", "'15min'"],
  ["password_encryption", "'scram-sha-256'"],
  ["log_timezone", "'UTC'"],
  ["timezone", "'UTC'"],
  ["log_checkpoints", "off"],
];
