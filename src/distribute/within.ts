/** Waits for work, but no longer than this; how it ends is nobody's business. */
export async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, milliseconds);
  try {
    await Promise.race([work.then(() => {}, () => {}), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
