import { SluiceError } from "../../core/error.ts";

/**
 * Refuses a publish that would lose what belongs to the table.
 *
 * @throws SluiceError `plan/would_be_lost`
 */
export function requireKept(
  targetKey: string,
  partition: string | null,
  refused: readonly string[],
): void {
  if (refused.length === 0) return;
  const where = partition === null ? "" : ` (partition "${partition}")`;
  throw new SluiceError(
    "plan/would_be_lost",
    `The next version of "${targetKey}"${where} cannot keep what belongs to the live one: ${
      refused.join("; ")
    }`,
    {
      hint:
        `Remove it, or move it from the partition to "${targetKey}" itself, where everything stays; or use refresh.mode: upsert, which exchanges nothing`,
    },
  );
}
