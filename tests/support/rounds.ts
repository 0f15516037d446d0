/**
 * How many rounds a random test has.
 *
 * Each run has another seed, so that many short ones find what a long one would. `SLUICE_ROUNDS=10`
 * asks all random tests for ten times as many, a variable of its own asks one for its number.
 *
 * @param usual few enough for each commit
 */
export function rounds(usual: number, variable?: string): number {
  const asked = variable === undefined ? undefined : Deno.env.get(variable);
  return Number(asked ?? Math.ceil(usual * Number(Deno.env.get("SLUICE_ROUNDS") ?? 1)));
}
