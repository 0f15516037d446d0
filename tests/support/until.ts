/** Milliseconds between two looks. */
const PAUSE = 10;

/**
 * Looks again and again until a condition holds, for what tells nobody when it happens.
 *
 * @param what the condition in words, for the error
 * @param seconds how long: far more than a machine with much else to do needs
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  seconds = 120,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`Waited ${seconds} s, and not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
