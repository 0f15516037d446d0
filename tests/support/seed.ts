/**
 * The seed of a random test: that of `SLUICE_SEED`, or another each time. It is printed, so that a
 * failure can be repeated.
 *
 * @param name what is random, where a file has several
 */
export function testSeed(name?: string): number {
  const variable = "SLUICE_SEED";
  const granted = Deno.permissions.querySync({ name: "env", variable }).state === "granted";
  const given = granted ? Deno.env.get(variable) : undefined;
  const seed = Number(given ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name === undefined ? "" : `${name}: `}${variable}=${seed}`);
  return seed;
}
