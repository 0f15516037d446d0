import { SluiceError } from "../../../core/error.ts";

/** Where in a file something is. */
export interface Place {
  /** The address as people may see it. */
  readonly shown: string;
  /** Row group, from 1; null: the footer. */
  readonly group: number | null;
  /** As messages have it: the names of its path, with points between. */
  readonly column: string | null;
}

function told({ group, column }: Place): string {
  const where = group === null ? "its footer" : `row group ${group}`;
  return column === null ? where : `column "${column}" in ${where}`;
}

function details({ group, column }: Place): Record<string, string | number> {
  return {
    ...(group === null ? {} : { row_group: group }),
    ...(column === null ? {} : { column }),
  };
}

/** The error of a file that was cut, or says what is not true of it. */
export function damaged(place: Place, what: string): SluiceError {
  return new SluiceError(
    "source/corrupt_parquet",
    `"${place.shown}" is damaged in ${told(place)}: ${what}`,
    {
      details: details(place),
      hint: "Fetch it again, and compare its length or checksum with the publisher's",
    },
  );
}

/** The error of a file that is right, and has what cannot be read. */
export function notAvailable(place: Place, what: string): SluiceError {
  return new SluiceError(
    "source/parquet_not_available",
    `"${place.shown}" has ${what} in ${told(place)}, which cannot be read`,
    {
      details: details(place),
      hint: "Leave the column out, or write the file again, for example with DuckDB",
    },
  );
}

/** The error of a part that does not fit into memory. */
export function tooLarge(place: Place, what: string, bytes: number, most: number): SluiceError {
  return new SluiceError(
    "source/parquet_too_large",
    `"${place.shown}" has ${what} of ${bytes} bytes in ${told(place)}; the most is ${most}`,
    {
      details: { ...details(place), bytes, most },
      hint: "Write the file again with smaller pages, for example with DuckDB",
    },
  );
}

/** Does what decodes bytes that may be anything; whatever fails then is the file's fault. */
export function decoding<T>(place: Place, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SluiceError || !(error instanceof Error)) throw error;
    throw damaged(place, error.message.replace(/^parquet /, ""));
  }
}
