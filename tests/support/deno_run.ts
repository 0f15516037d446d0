/**
 * Starts Deno on a file of this project, where `deno check` or this very test has set up
 * node_modules: else each process that a test starts proves them again, package by package, one
 * process at a time.
 */
export const DENO_RUN = ["run", "--node-modules-dir=manual"] as const;
