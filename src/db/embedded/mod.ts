export {
  type EmbeddedOptions,
  type EmbeddedServer,
  findRunning,
  type RunningServer,
  startEmbedded,
  stopEmbedded,
  type StopOutcome,
} from "./server.ts";
export { openPsql } from "./psql.ts";
