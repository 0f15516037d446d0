export { recordChecks } from "./check_results.ts";
export { fencedDatabase } from "./fence.ts";
export { findRun } from "./find_run.ts";
export {
  type History,
  type HistoryChoice,
  type HistoryRun,
  type HistoryVersion,
  readHistory,
} from "./read_history.ts";
export {
  appliedMigration,
  type Ledger,
  type LoadRecord,
  migrate,
  pendingMigrations,
  readLedger,
} from "./ledger.ts";
export {
  forgetRejects,
  openRejectWriter,
  type RejectOwner,
  type RejectWriter,
} from "./rejected_rows.ts";
export {
  forgetOldRejects,
  openRejects,
  readRejectGroups,
  readRejects,
  type RejectedRow,
  type RejectFilter,
  type RejectGroup,
  rejectPages,
  type Rejects,
} from "./rejects.ts";
export { rejectsCsv, rejectsCsvHeader } from "./rejects_csv.ts";
export { findReplayable, noteRejects, rawRecords, type Replayable } from "./replay.ts";
export {
  claimPart,
  finishPart,
  holdsClaim,
  offerPart,
  PART_ENDED,
  type PartNews,
  type PartState,
  readParts,
  recordResult,
  requireClaim,
  revokeParts,
  tellPart,
} from "./run_partitions.ts";
export { recordPlan } from "./run_plans.ts";
export { finishRun, markDeadRuns, type RunCommand, startRun } from "./runs.ts";
export { readStandings, type Standing, type StandingRun } from "./standings.ts";
export { adoptTables, listStrays } from "./tables.ts";
export { lockTarget } from "./target_lock.ts";
export { storedSource } from "./stored_source.ts";
export { recordTargetPipeline } from "./target_pipelines.ts";
