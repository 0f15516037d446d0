/** Freezes a value of JSON, and everything in it that is not frozen yet. */
export function deepFreeze<T>(value: T): T {
  freeze(value);
  return value;
}

function freeze(part: unknown): void {
  if (typeof part !== "object" || part === null || Object.isFrozen(part)) return;
  Object.freeze(part);
  for (const key in part) freeze((part as Record<string, unknown>)[key]);
}
