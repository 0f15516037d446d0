import { type Piece, row } from "./layout.ts";
import type { TortureCase } from "./torture_case.ts";

/** Files are read in pieces of this many bytes; with another number the cases only try less. */
const READ_BYTES = 512 * 1024;

/**
 * The same cases with a long row behind the header, so that a read ends in the middle of what is bad.
 *
 * Only of plain cases: two columns, a header, nothing compressed.
 */
export function straddling(cases: readonly TortureCase[]): TortureCase[] {
  return cases.filter(isPlain).flatMap((each) => {
    const [header, ...pieces] = each.pieces;
    const hostile = pieces.filter(({ bytes, reject }) => reject !== null || bytes.length > 12);
    return hostile.slice(0, 3).map((piece) => {
      const before = pieces.slice(0, pieces.indexOf(piece));
      const start = lengthOf([header, ...before]);
      const middle = start + Math.floor(piece.bytes.length / 2);
      return {
        ...each,
        name: `${each.name}; cut at byte ${middle}`,
        pieces: [header, padding(READ_BYTES - middle), ...pieces],
      };
    });
  });
}

function isPlain(
  { columns, format, settings, stored, error, ignore, pieces }: TortureCase,
): boolean {
  return [columns, format, settings, stored, error, ignore].every((each) => each === undefined) &&
    pieces.length > 1 && pieces[0].row === null && pieces[0].reject === null;
}

/** A good row of exactly so many bytes. */
function padding(bytes: number): Piece {
  const text = "x".repeat(bytes - "0,\n".length);
  return row(`0,${text}\n`, "0", text);
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
