/**
 * A limit of time that a quiet machine keeps, as many times longer as there are others who want its
 * processors.
 *
 * @param milliseconds where nobody else does
 */
export function timeLimit(milliseconds: number): number {
  return milliseconds * Math.max(1, Deno.loadavg()[0] / navigator.hardwareConcurrency);
}
