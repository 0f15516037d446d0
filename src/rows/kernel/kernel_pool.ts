import { Kernel } from "./kernel.ts";

/** Kernels that wait for the next partition; memory that is taken again and again is freed late. */
const MOST_IDLE = 4;
const idle = new Map<number, Kernel[]>();

/** A kernel of nobody else, with as many frames. */
export function takeKernel(frames: number): Kernel {
  const kernel = idle.get(frames)?.pop();
  kernel?.reset();
  return kernel ?? new Kernel(frames);
}

/** Gives a kernel back, of whose memory nothing is on its way any more. */
export function giveBackKernel(kernel: Kernel): void {
  const waiting = idle.get(kernel.frames) ?? [];
  idle.set(kernel.frames, waiting);
  if (waiting.length < MOST_IDLE) waiting.push(kernel);
}
