/**
 * Loads one file into one server with Sluice and with other tools, in turn.
 *
 *     deno task bench:peers [--folder DIR] [--install] [--rounds 3] [--rows N] [--only NAMES]
 *                           [--slow 10] [--limit 180] [--out FILE]
 *
 * Peers are installed by their own package managers into a folder outside of the project: that of
 * `--folder`, else of `SLUICE_PEERS`, else `~/.cache/sluice-peers`; `--install` installs those that are
 * missing. Each loads at its default and at its best documented setting. All values of the table are
 * compared afterwards with those of `\copy`. Measured are the whole process, the CPU time of the
 * client and of the server, and the most memory of the client. Who takes longer than `--slow` seconds
 * is measured once, and stopped after `--limit`. Prints a table; with all peers and all rows it writes
 * `bench/results/peers.json`, from which `deno task bench:write` makes docs/performance.md; `--out`
 * writes to another file.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FULL_MONTH_ROWS, writeFullMonth } from "../fixtures/full_month.ts";
import { connect } from "../src/db/connection/connect.ts";
import { parseConnectionUrl } from "../src/db/connection/connection_url.ts";
import { psql } from "./contestants.ts";
import { describeMachine, writeResults } from "./machine.ts";
import { installPeer, type KnownPeer, readPeers, versionOf } from "./peer_folder.ts";
import { race } from "./peer_race.ts";
import { fileLine, machineLine, peersTable } from "./report.ts";
import type { PeersFile } from "./results.ts";
import { sumOf } from "./same_values.ts";
import { inScratchDatabase } from "./scratch_database.ts";
import { yellowColumns } from "./yellow_columns.ts";

const DATA = fileURLToPath(new URL("./data", import.meta.url));
const MONTH = "2021-01";

async function main(): Promise<void> {
  const options = readOptions(Deno.args);
  const peers = chosen(await readPeers(), options.only);
  if (options.install) await installMissing(peers, options.folder);
  // A month that is not whole lies in a folder of its own: its name is the same.
  const whole = options.rows === FULL_MONTH_ROWS;
  const data = whole ? DATA : `${DATA}/peers_${options.rows}`;
  console.error(`Making ${MONTH}, where it is missing`);
  const { gzip, plain } = await writeFullMonth(data, MONTH, { plain: true, rows: options.rows });
  await inScratchDatabase("bench_peers", async (url) => {
    const file = await measurePeers(url, peers, { gzip, csv: plain! }, options);
    console.log(`${fileLine(file.file)}; ${machineLine(file.machine)}\n`);
    for (const line of peersTable(file)) console.log(line);
    if (options.out !== null || options.keep) await writeResults("peers", options.out, file);
  });
}

async function measurePeers(
  url: string,
  peers: readonly KnownPeer[],
  files: { readonly gzip: string; readonly csv: string },
  { folder, rounds, slow, limit, rows }: Options,
): Promise<PeersFile> {
  await using db = await connect({ url, maxConnections: 1 });
  const machine = await describeMachine(db);
  const columns = yellowColumns();
  const [{ data_directory }] = await db.query<{ data_directory: string }>("show data_directory");
  // What the file holds, as Postgres reads it; and the file is in the cache for all.
  const list = columns.map(({ name, type }) => `${name} ${type}`).join(", ");
  await db.query(`create table public.reference (${list})`);
  await psql([`\\copy public.reference from '${files.csv}' with (format csv, header true)`], url);
  const expected = await sumOf(db, "public.reference", columns);
  if (expected.rows !== rows) throw new Error(`The file has ${expected.rows} rows, not ${rows}`);
  await db.query("drop table public.reference");
  // A peer has a process group of its own, which the terminal does not interrupt.
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new Error("Interrupted"));
  Deno.addSignalListener("SIGINT", stop);
  const told = await race(peers, {
    ...{ db, url, folder, rounds, slow, limit, columns, expected },
    ...files,
    target: parseConnectionUrl(url),
    dataFolder: data_directory,
    scratch: `${DATA}/scratch`,
    signal: interrupt.signal,
    note: (line) => console.error(line),
  });
  Deno.removeSignalListener("SIGINT", stop);
  const { size } = await Deno.stat(files.csv);
  return { machine, file: { rows, columns: columns.length, bytes: size }, rounds, ...told };
}

interface Options {
  readonly folder: string;
  readonly install: boolean;
  readonly only: readonly string[];
  readonly rounds: number;
  readonly rows: number;
  readonly slow: number;
  readonly limit: number;
  readonly out: string | null;
  /** As the results of the project. */
  readonly keep: boolean;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: { type: "string" },
      install: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      rounds: { type: "string", default: "3" },
      rows: { type: "string", default: String(FULL_MONTH_ROWS) },
      slow: { type: "string", default: "10" },
      limit: { type: "string", default: "180" },
      out: { type: "string" },
    },
  });
  const whole = (name: "rounds" | "rows" | "slow" | "limit") => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new Error(`--${name} is a whole number from 1: "${values[name]}"`);
  };
  const folder = values.folder ?? Deno.env.get("SLUICE_PEERS");
  const home = Deno.env.get("HOME") ?? ".";
  return {
    folder: folder === undefined ? join(home, ".cache/sluice-peers") : resolve(folder),
    install: values.install,
    only: values.only.split(",").filter((name) => name !== ""),
    rounds: whole("rounds"),
    rows: whole("rows"),
    slow: whole("slow"),
    limit: whole("limit"),
    out: values.out ?? null,
    // Another file, or some tools only, are no results to keep.
    keep: values.only === "" && whole("rows") === FULL_MONTH_ROWS,
  };
}

function chosen(peers: readonly KnownPeer[], only: readonly string[]): KnownPeer[] {
  for (const name of only) {
    if (!peers.some(({ id }) => id === name)) {
      throw new Error(`--only takes ${peers.map(({ id }) => id).join(", ")}: "${name}"`);
    }
  }
  const some = only.length === 0 ? [...peers] : peers.filter(({ id }) => only.includes(id));
  // What the others are compared with is always there.
  return some.some(({ id }) => id === "psql")
    ? some
    : [...peers.filter(({ id }) => id === "psql"), ...some];
}

/** One that cannot be installed does not keep the others from it: it will be named as missing. */
async function installMissing(peers: readonly KnownPeer[], folder: string): Promise<void> {
  for (const known of peers) {
    if (await versionOf(known, folder) !== null) continue;
    console.error(`Installing ${known.peer.name}`);
    try {
      await installPeer(known, folder);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
  }
}

if (import.meta.main) await main();
