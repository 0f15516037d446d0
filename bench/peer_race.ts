import { quoteIdent, quoteTable } from "../src/core/quote.ts";
import type { ConnectionTarget } from "../src/db/connection/connection_url.ts";
import type { Database } from "../src/db/database.ts";
import { measure, type Measured, serverCpu } from "./measure.ts";
import type { PeerColumn, PeerJob, PeerWay } from "./peer.ts";
import { howToInstall, type KnownPeer, toolsOf, versionOf } from "./peer_folder.ts";
import type { Load } from "./results.ts";
import { differenceOf, sumOf, type TableSum } from "./same_values.ts";

/** What is raced over, and with what. */
export interface Race {
  /** With one connection: all others to the database are those of peers. */
  readonly db: Database;
  readonly url: string;
  readonly target: ConnectionTarget;
  /** Of the server. */
  readonly dataFolder: string;
  readonly csv: string;
  readonly gzip: string;
  readonly columns: readonly PeerColumn[];
  /** Made and emptied for each load; absolute. */
  readonly scratch: string;
  /** Where peers are installed. */
  readonly folder: string;
  readonly rounds: number;
  /** Whoever takes longer, seconds, is not measured again. */
  readonly slow: number;
  /** Whoever takes longer, seconds, is stopped. */
  readonly limit: number;
  /** Ends the peer that is at work, and the race. */
  readonly signal: AbortSignal;
  /** What the table must hold afterwards. */
  readonly expected: TableSum;
  note(line: string): void;
}

/** How a peer went in one setting: every value arrived, as the hash says. */
export interface PeerResult {
  readonly peer: string;
  readonly setting: "default" | "best";
  readonly version: string;
  readonly how: string;
  readonly note: string;
  /** Types of the columns, each once with how often; null where they are those of the file. */
  readonly types: string | null;
  /** The first is of the first round, and so on. */
  readonly loads: readonly Load[];
}

/** All that a race tells. */
export interface RaceResults {
  readonly results: readonly PeerResult[];
  readonly failed: readonly {
    readonly peer: string;
    readonly setting: string;
    readonly version: string;
    readonly why: string;
  }[];
  readonly missing: readonly { readonly peer: string; readonly install: string | null }[];
}

interface Contestant {
  readonly known: KnownPeer;
  readonly way: PeerWay;
  readonly version: string;
  readonly loads: Load[];
  types: string | null;
  why: string | null;
}

export const SCHEMA = "peers";
export const TABLE = "trips";

/** Lets every peer load the file in every setting, in turn. */
export async function race(peers: readonly KnownPeer[], race: Race): Promise<RaceResults> {
  const missing: { peer: string; install: string | null }[] = [];
  const contestants: Contestant[] = [];
  for (const known of peers) {
    const version = await versionOf(known, race.folder);
    if (version === null) {
      missing.push({ peer: known.peer.name, install: howToInstall(known.peer.install) });
      continue;
    }
    for (const way of known.peer.ways) {
      contestants.push({ known, way, version, loads: [], types: null, why: null });
    }
  }
  const settingUp = contestants.filter(({ known, way }) =>
    known.peer.setsUp === true && way === known.peer.ways[0]
  );
  for (const contestant of settingUp) {
    await loadOnce(contestant, race);
    contestant.loads.length = 0;
  }
  for (let round = 0; round < race.rounds; round++) {
    for (const contestant of contestants) {
      if (contestant.why !== null) continue;
      if (round > 0 && contestant.loads[0].seconds > race.slow) continue;
      await loadOnce(contestant, race);
      const { known, way, why, loads } = contestant;
      const told = why ?? `${loads.at(-1)!.seconds.toFixed(2)} s`;
      race.note(`round ${round + 1}: ${known.peer.name}, ${way.setting}: ${told}`);
    }
  }
  const failed = contestants.flatMap(({ known, way, version, why }) =>
    why === null ? [] : [{ peer: known.peer.name, setting: way.setting, version, why }]
  );
  const results = contestants.filter(({ why }) => why === null).map((each) => ({
    peer: each.known.peer.name,
    setting: each.way.setting,
    version: each.version,
    how: each.way.how,
    note: each.known.peer.note,
    types: each.types,
    loads: each.loads,
  }));
  return { results, failed, missing };
}

async function loadOnce(contestant: Contestant, race: Race): Promise<void> {
  const { known, way } = contestant;
  await prepare(way, race);
  const job = jobOf(race);
  const { program, args, env, files } = way.command(job, toolsOf(known, race.folder));
  for (const [name, text] of Object.entries(files ?? {})) {
    await Deno.writeTextFile(`${race.scratch}/${name}`, text);
  }
  await race.db.query("checkpoint");
  const before = await serverCpu(race.dataFolder);
  const limit = AbortSignal.timeout(race.limit * 1000);
  const measured = await measure(program, args, {
    cwd: race.scratch,
    env: { ...libpqVariables(job), ...env },
    signal: AbortSignal.any([limit, race.signal]),
  });
  race.signal.throwIfAborted();
  const after = await serverCpu(race.dataFolder);
  if (limit.aborted) {
    contestant.why = `stopped after ${race.limit} s`;
    await endStatements(race.db);
  } else if (measured.code !== 0) {
    contestant.why = `ended with ${measured.code}: ${lastWords(measured, job)}`;
  } else {
    contestant.why = await verify(contestant, race);
  }
  contestant.loads.push({
    seconds: measured.seconds,
    clientCpuSeconds: measured.cpuSeconds,
    serverCpuSeconds: before === null || after === null ? null : after - before,
    peakBytes: measured.peakBytes,
  });
}

/** What the server still does for a client that is gone holds the locks that the next one needs. */
async function endStatements(db: Database): Promise<void> {
  await db.query(
    `select pg_terminate_backend(pid, 60000) from pg_stat_activity
     where datname = current_database() and backend_type = 'client backend'
       and pid <> pg_backend_pid()`,
  );
}

/** An empty schema, with the table where it shall be ready, and an empty working folder. */
async function prepare({ target, table }: PeerWay, { db, columns, scratch }: Race): Promise<void> {
  await db.query(`drop schema if exists ${quoteIdent(SCHEMA)} cascade`);
  await db.query(`create schema ${quoteIdent(SCHEMA)}`);
  if (target === "ready") {
    const list = columns.map(({ name, type }) => `${quoteIdent(name)} ${type}`).join(", ");
    await db.query(`create table ${quoteTable({ schema: SCHEMA, table: TABLE })} (${list})`);
  }
  // What was there before must not stand for what is loaded now.
  if (table !== undefined) {
    const [{ there }] = await db.query<{ there: boolean }>(
      "select to_regclass($1) is not null as there",
      [table],
    );
    if (there) await db.query(`truncate ${table}`);
  }
  await Deno.remove(scratch, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(scratch, { recursive: true });
}

function jobOf({ csv, gzip, columns, scratch, url, target }: Race): PeerJob {
  const { host, port, user, password, database } = target;
  return {
    ...{ csv, gzip, columns, scratch, url, host, port, user, password, database },
    schema: SCHEMA,
    table: TABLE,
  };
}

function libpqVariables({ host, port, user, password, database }: PeerJob) {
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
  };
}

/** Null where every value is there; and notes the types that the peer has chosen. */
async function verify(contestant: Contestant, { db, columns, expected }: Race) {
  let sum: TableSum;
  try {
    sum = await sumOf(db, contestant.way.table ?? `${SCHEMA}.${TABLE}`, columns);
  } catch (error) {
    return `its table cannot be compared: ${error instanceof Error ? error.message : error}`;
  }
  const same = sum.types.every((type, at) => type === expected.types[at]);
  contestant.types = same ? null : tally(sum.types);
  const difference = differenceOf(sum, expected);
  return difference === null ? null : `its table ${difference}`;
}

/** `bigint ×9, text ×1` */
function tally(types: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => `${type} ×${count}`).join(", ");
}

/**
 * What a program said of its failure, without the password and without this machine's folders: the
 * last line that speaks of an error, else the last of all.
 */
function lastWords({ stdout, stderr }: Measured, { password, url }: PeerJob): string {
  // deno-lint-ignore no-control-regex
  const text = `${stdout.trim()}\n${stderr.trim()}`.replace(/\x1b\[[\d;]*m/g, "");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  let line = lines.findLast((line) => /error|invalid|fail|fatal/i.test(line)) ?? lines.at(-1) ??
    "it said nothing";
  for (const [secret, name] of [[url, "URL"], [password, "***"]]) {
    if (secret !== "") line = line.replaceAll(secret, name);
  }
  // Of a path, the file's own name.
  line = line.replace(/(?<![\w.:/])(\/[\w.+-]+)*\/(?=[\w.+-]+)/g, "");
  return line.trim().slice(0, 300);
}
