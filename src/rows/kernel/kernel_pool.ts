import { Kernel } from "./kernel.ts";

/** Kernels that wait for the next partition; memory that is taken again and again is freed late. */
const MOST_IDLE = 4;
const idle = new Map<number, Kernel[]>();

/**
 * A kernel of nobody else, with as many frames.
 *
 * Null where the machine has none: a processor without the vector instructions, or no room for its
 * memory. All is encoded without it then.
 */
export function takeKernel(frames: number): Kernel | null {
  const kernel = idle.get(frames)?.pop();
  kernel?.reset();
  if (kernel !== undefined) return kernel;
  try {
    return new Kernel(frames);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Gives a kernel back, of whose memory nothing is on its way any more. */
export function giveBackKernel(kernel: Kernel): void {
  const waiting = idle.get(kernel.frames) ?? [];
  idle.set(kernel.frames, waiting);
  if (waiting.length < MOST_IDLE) waiting.push(kernel);
}
