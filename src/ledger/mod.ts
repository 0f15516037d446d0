export * from "./fence.ts";
export * from "./history.ts";
export * from "./ledger.ts";
export * from "./rejected_rows.ts";
export * from "./rejects.ts";
export * from "./replay.ts";
export * from "./runs.ts";
export * from "./target_lock.ts";
