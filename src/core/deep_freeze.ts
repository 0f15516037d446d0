/** Freezes a value of JSON, and everything in it; each part of it is looked at once. */
export function deepFreeze<T>(value: T): T {
  const seen = new Set<object>();
  function freeze(part: unknown): void {
    if (typeof part !== "object" || part === null || seen.has(part)) return;
    seen.add(part);
    Object.freeze(part);
    for (const inner of Object.values(part)) freeze(inner);
  }
  freeze(value);
  return value;
}
