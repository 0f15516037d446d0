import type { Wanted } from "../format.ts";

/** Which fields somebody reads. */
export interface NeededFields {
  isNeeded(field: number): boolean;
  /** A date column reads the field. */
  isDate(field: number): boolean;
}

/** Finds the fields that columns read, by their name or their position. */
export function neededFields(
  { columns, others }: Wanted,
  header: readonly string[] | null,
): NeededFields {
  const types = new Map(
    columns.flatMap(({ from, aliases, type }) =>
      [from, ...aliases].map((name) => [name, type?.name])
    ),
  );
  const nameOf = (field: number) =>
    [header?.[field], String(field + 1)].find((each) => each !== undefined && types.has(each));
  const names = new Map<number, string | null>();
  const known = (field: number) => {
    if (!names.has(field)) names.set(field, nameOf(field) ?? null);
    return names.get(field)!;
  };
  return {
    isNeeded: (field) => others === "read" || known(field) !== null,
    isDate: (field) => {
      const name = known(field);
      return name !== null && types.get(name) === "date";
    },
  };
}
