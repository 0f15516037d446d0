import { formatBytes, formatCount, formatDuration } from "../../core/format_text.ts";
import type { Clock } from "../../core/clock.ts";
import type { Queryable } from "../../db/database.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import { bad, type Finding, ok, warning } from "./finding.ts";

/** Major versions of Postgres that the tests run on: docs/database.md. */
const OLDEST = 14;

/** Seconds that two clocks may differ by. */
const DRIFT = 5;

interface Server {
  readonly version: string;
  readonly number: number;
  readonly role: string;
  readonly standby: boolean;
  readonly read_only: boolean;
  readonly may_create: boolean;
  readonly connections: number;
  readonly most_connections: number;
  readonly bytes: number | bigint;
  readonly fsync: boolean;
  readonly encoding: string;
  readonly milliseconds: number;
}

/** Looks at the server, at what the role may do, and at its settings. */
export async function databaseFindings(db: Queryable, clock: Clock): Promise<Finding[]> {
  const before = clock.now().getTime();
  const [server] = await db.query<Server>(
    `select current_setting('server_version') as version,
  current_setting('server_version_num')::int as number, current_user::text as role,
  pg_is_in_recovery() as standby,
  current_setting('default_transaction_read_only') = 'on' as read_only,
  has_database_privilege(current_database(), 'create') as may_create,
  (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
  current_setting('max_connections')::int as most_connections,
  pg_database_size(current_database()) as bytes,
  current_setting('fsync') = 'on' as fsync,
  current_setting('server_encoding') as encoding,
  (extract(epoch from clock_timestamp()) * 1000)::double precision as milliseconds`,
  );
  const after = clock.now().getTime();
  return [
    versionFinding(server),
    writeFinding(server),
    grantFinding(server),
    connectionsFinding(server),
    settingsFinding(server),
    clockFinding(server, before, after),
  ];
}

function versionFinding({ version, number }: Server): Finding {
  return number >= OLDEST * 10_000
    ? ok("version", `Postgres ${version}`)
    : bad("version", `Postgres ${version}`, `Sluice is tested on ${OLDEST} and later: upgrade it`);
}

function writeFinding({ standby, read_only }: Server): Finding {
  if (standby) {
    return bad("writes", "The server is a standby: it takes no writes", "Connect to the primary");
  }
  return read_only
    ? bad(
      "writes",
      "Transactions are read-only by default",
      "Set default_transaction_read_only to off for this role or database",
    )
    : ok("writes", "The server takes writes");
}

function grantFinding({ role, may_create }: Server): Finding {
  return may_create ? ok("grants", `${role} may create schemas in the database`) : warning(
    "grants",
    `${role} may not create schemas in the database`,
    "Grant it `create on database`, or make the schemas `sluice` and those of the targets for it: " +
      "docs/database.md, roles and grants",
  );
}

function connectionsFinding({ connections, most_connections }: Server): Finding {
  const text = `${connections} of ${most_connections} connections are in use, and a run takes up ` +
    "to 11";
  return connections + 11 <= most_connections
    ? ok("connections", text)
    : warning("connections", text, "Raise max_connections, or load fewer partitions at once");
}

function settingsFinding({ fsync, encoding, bytes }: Server): Finding {
  const size = `the database has ${formatBytes(Number(bytes))}`;
  if (!fsync) {
    return warning(
      "settings",
      `fsync is off: a power cut can destroy the database; ${size}`,
      "Set fsync to on, unless the database may be lost",
    );
  }
  if (encoding === "UTF8") return ok("settings", `encoding UTF8; ${size}`);
  return warning(
    "settings",
    `The database has the encoding ${encoding}; ${size}`,
    "Values with other characters are rejected: make the database with encoding UTF8",
  );
}

/** The server's moment lies between two of ours. */
function clockFinding({ milliseconds }: Server, before: number, after: number): Finding {
  const drift = Math.max(0, before - milliseconds, milliseconds - after) / 1000;
  return drift <= DRIFT
    ? ok("clock", "The clocks of this machine and of the server agree")
    : warning(
      "clock",
      `The clocks of this machine and of the server differ by ${formatDuration(drift)}`,
      "Schedules go by the server's clock: set one of them, with NTP for example",
    );
}

/** Whether the ledger is there; one of a newer version is an error of whoever reads it. */
export function ledgerFinding(applied: number, pending: number): Finding {
  if (applied === 0) return ok("ledger", "There is no ledger yet: the first run makes it");
  return ok(
    "ledger",
    pending === 0
      ? `The ledger is up to date (migration ${applied})`
      : `The next run brings the ledger from migration ${applied} to ${applied + pending}`,
  );
}

interface Target {
  readonly exists: boolean;
  readonly owned: boolean;
  readonly may_use: boolean;
  readonly may_create: boolean;
  readonly rows: number;
}

/** Whether the role may write a pipeline's target. */
export async function targetFinding(db: Queryable, spec: PipelineSpec): Promise<Finding> {
  const { schema, table } = spec.target;
  const name = `${schema}.${table}`;
  const [found] = await db.query<Target>(
    `select c.oid is not null as exists,
  coalesce(pg_has_role(c.relowner, 'usage'), false) as owned,
  coalesce(has_schema_privilege(n.oid, 'usage'), true) as may_use,
  coalesce(has_schema_privilege(n.oid, 'create'),
    has_database_privilege(current_database(), 'create')) as may_create,
  coalesce(greatest(c.reltuples, 0), 0)::double precision as rows
from (select) one left join pg_namespace n on n.nspname = $1
left join pg_class c on c.relnamespace = n.oid and c.relname = $2`,
    [schema, table],
  );
  const label = spec.pipeline;
  if (!found.may_use || !found.may_create) {
    return bad(
      label,
      `This role may not create tables in the schema "${schema}"`,
      `Grant it usage and create on schema "${schema}": docs/database.md, roles and grants`,
    );
  }
  if (!found.exists) return ok(label, `${name} is made by the first run`);
  return found.owned
    ? ok(label, `${name} is there (about ${formatCount(found.rows)} rows)`)
    : warning(
      label,
      `${name} belongs to another role`,
      "Loads that replace it need its owner: grant this role that of the owner",
    );
}
