/** A place in a text file. Lines and columns count from 1, offsets from 0, all in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** One thing that is wrong in a pipeline file. Collected and returned, never thrown. */
export interface Diagnostic {
  /** `spec/snake_case`, stable, explained in `docs/errors.md`. */
  readonly code: `spec/${string}`;
  readonly severity: "error" | "warning";
  /** Sentence case, no final period, values quoted. */
  readonly message: string;
  /** What to do about it; a did-you-mean where one is near. */
  readonly hint?: string;
  /** As the user named the file. */
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
  /** The text of the line the problem starts on, for the caret. */
  readonly source: string;
}
