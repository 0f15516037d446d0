import { connect } from "../../src/db/connection/connect.ts";
import { type Arena, type ArenaDatabase, openArena, withDatabase } from "./arena.ts";
import { startRun } from "./command_line.ts";
import { tryPoint } from "./interrupt.ts";
import type { Kind } from "./kind.ts";
import { openOwnServer } from "./own_server.ts";
import { mountSmallDisk } from "./small_disk.ts";

/** Tables cannot grow any more. */
export const diskFull: Kind = fullDisk({
  name: "disk full",
  about: "tables cannot grow: Postgres answers 53100",
  leave: (random, need) => random() * 2 * need,
  logLeft: () => SEGMENT,
});

/** Postgres cannot log any more, and stops itself. */
export const logFull: Kind = fullDisk({
  name: "disk full of its log",
  about: "the log cannot grow: Postgres panics, and comes back once there is room",
  // Too little for a new segment of the log, enough for the tables.
  leave: () => SEGMENT - (1 << 20),
  logLeft: (random, need) => random() * need,
});

/** Size of a file of Postgres's log. */
const SEGMENT = 16 << 20;
/** Room for the server, and for every pipeline's earlier loads. */
const MEGABYTES = 450;

interface FullKind extends Pick<Kind, "name" | "about"> {
  /** Bytes left on the disk; `need` is what an undisturbed run writes. */
  leave(random: () => number, need: number): number;
  /** Bytes left in the current file of the log. */
  logLeft(random: () => number, need: number): number;
}

function fullDisk({ name, about, leave, logLeft }: FullKind): Kind {
  return {
    name,
    about,
    usual: 3,
    sideBySide: false,
    async prepare(pipeline, ground) {
      const disk = await ground.once("small disk", () => mountSmallDisk(MEGABYTES));
      if (disk.folder === null) return { notHere: "a tmpfs cannot be mounted here" };
      const server = await ground.once("server on the small disk", async () => {
        const server = await openOwnServer(`${disk.folder}/sluice`);
        await alterServer(server.url, ["fsync = off", "wal_recycle = off", "autovacuum = off"]);
        return server;
      });
      const arena = await ground.once(
        `arena ${pipeline.name} on the small disk`,
        () => openArena(pipeline, { serverUrl: server.url }),
      );
      const need = await writtenBy(arena);
      return {
        trials: (random, wanted) =>
          Array.from({ length: wanted }, () => {
            const [space, log] = [leave(random, need), logLeft(random, need)].map(Math.floor);
            const point = {
              async interrupt(copy: ArenaDatabase) {
                await withDatabase(copy, (db) => moveLog(db, log));
                await disk.fill(space);
                const outcome = await startRun(arena.folder, copy.url, arena).ended;
                await disk.empty();
                await server.ensureUp();
                return outcome;
              },
            };
            const ending = {
              codes: [0, 75],
              clean: false,
              watched: false,
              copyOptions: "strategy file_copy",
            };
            return {
              label: `${space} bytes left on the disk, ${log} in the log's file`,
              stage: null,
              run: () => tryPoint(arena, point, ending),
            };
          }),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}

/** Bytes of log that a run writes: of its tables it writes about as many. */
async function writtenBy(arena: Arena): Promise<number> {
  await using copy = await arena.copy("strategy file_copy");
  const position = () =>
    withDatabase(copy, async (db) => {
      const [{ at }] = await db.query<{ at: number }>(
        `select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as at`,
      );
      return Number(at);
    });
  const before = await position();
  await startRun(arena.folder, copy.url, arena).ended;
  return await position() - before;
}

/** Goes on to a new file of the log, and fills it but for so many bytes. */
async function moveLog(
  db: { query(sql: string, params?: readonly unknown[]): Promise<unknown[]> },
  left: number,
): Promise<void> {
  await db.query(`select pg_switch_wal()`);
  if (left < SEGMENT) {
    await db.query(
      `select pg_logical_emit_message(false, 'kill', repeat('x', greatest(1, (
  $1 - (pg_current_wal_insert_lsn() - '0/0'::pg_lsn) % $1 - $2)::int)))`,
      [SEGMENT, left],
    );
  }
  // Its commit waits until the log is written: the new file is there before the disk is full.
  await db.query(`select pg_current_xact_id()`);
}

async function alterServer(url: string, settings: readonly string[]): Promise<void> {
  await using db = await connect({ url, maxConnections: 1 });
  for (const setting of settings) await db.query(`alter system set ${setting}`);
  await db.query(`select pg_reload_conf()`);
}
