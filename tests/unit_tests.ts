/** What makes a test more than a unit's: a database, another process, a server. */
const NEEDS =
  /support\/(postgres|loaded|every_db)\.ts|startEmbedded|Deno\.Command|serveHttp|new Worker|sharedData|csv-parse/;

/** Where tests of single units lie; the others start programs. */
const FOLDERS = /^tests\/((core|spec|plan|rows|source|load|schedule|observe|cli)\/)?[^/]+$/;

/** A line of a test file that is no unit's because it takes seconds; the reason follows. */
const SLOW = /^\/\/ Slow: (.*)$/m;

/**
 * Whether a test file is for `deno task test:unit`, which gives its answer in seconds.
 *
 * @param file its path, from `tests/` on
 */
export function isUnit(file: string, text: string): boolean {
  return FOLDERS.test(file) && !NEEDS.test(text) && slowReason(text) === null;
}

/** Why a test file is slow, as it says itself, or null. */
export function slowReason(text: string): string | null {
  return SLOW.exec(text)?.[1] ?? null;
}
