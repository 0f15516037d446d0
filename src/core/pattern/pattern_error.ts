/** Why a pattern cannot be used; the message is part of a sentence. */
export class PatternError extends Error {
  /** @param syntax false: JavaScript knows it, and an engine without backtracking does not */
  constructor(message: string, readonly syntax: boolean) {
    super(message);
  }
}
