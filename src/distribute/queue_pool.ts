import pg from "pg";
import { SEARCH_PATH } from "../db/connection/session_settings.ts";

/** As fast as all other connections notice that nobody is there: see `session_settings.ts`. */
const ON_CONNECT = `set search_path to ${SEARCH_PATH};
set tcp_keepalives_idle = 60;
set tcp_keepalives_interval = 10;
set tcp_keepalives_count = 6`;

/** Milliseconds before the other end is first asked whether it is there. */
const KEEPALIVE_AFTER = 60_000;

type Connected = Parameters<pg.Pool["connect"]>[0];

/** The queue's connections, which graphile-worker is given. */
export class QueuePool extends pg.Pool {
  constructor(config: pg.PoolConfig) {
    super({
      ...config,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_AFTER,
      onConnect: async (client) => void await client.query(ON_CONNECT),
    });
    // A connection that breaks while idle is replaced; without a listener it would end the process.
    this.on("error", () => {});
    this.on("connect", (client) => client.on("error", () => {}));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | void {
    if (callback === undefined) return super.connect();
    super.connect((error, client, release) => {
      let given = false;
      // graphile-worker gives its listener's connection back twice where it is stopped while the
      // connection breaks: an error that nobody catches, and that would end the process.
      callback(error, client, (broken) => {
        if (given) return;
        given = true;
        release(broken);
      });
    });
  }
}
