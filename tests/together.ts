/**
 * Registers the tests of all files that are named, so that one process evaluates what they import
 * once: `deno test tests/together.ts -- tests/a_test.ts tests/b_test.ts`.
 *
 * Most files take less time than the modules that they import take to start.
 */
for (const file of Deno.args) await import(new URL(`../${file}`, import.meta.url).href);
