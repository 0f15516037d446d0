import type { Piece } from "./layout.ts";

/** A hostile file and what must become of it. */
export interface TortureCase {
  readonly name: string;
  /** What the file says and what each stretch of it must come to. */
  readonly pieces: readonly Piece[];
  /** YAML flow mapping; {@link TWO_COLUMNS} when left out. */
  readonly columns?: string;
  /** YAML flow entries of the format beside its type. */
  readonly format?: string;
  /** YAML lines of the pipeline's top level. */
  readonly settings?: string;
  /** What lies on the disk, where that is not the pieces as they are. */
  readonly stored?: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Nothing is loaded: the code, and words that the message must hold. */
  readonly error?: { readonly code: string; readonly says: readonly string[] };
  /** A known fault: why the case does not hold yet. */
  readonly ignore?: string;
}

export const TWO_COLUMNS = "{ id: { type: integer, required: true }, name: text }";
