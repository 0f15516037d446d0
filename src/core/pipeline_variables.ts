/** Names the environment variables that a pipeline file may read; unset: all but those of ours. */
export const ALLOWED_VARIABLES = "SLUICE_ALLOWED_VARIABLES";

/**
 * Never read by a pipeline file, which could send them anywhere: where the database is and how to
 * get in, and what the operator has decided.
 */
const NEVER = /^(DATABASE_URL|PG.*|SLUICE_.*)$/i;

/** Why a pipeline file cannot have the value of a variable. */
export type Unreadable = "never" | "not_allowed" | "unset";

/** Why a variable cannot be read by a pipeline file; null where it can. */
export function unreadable(
  name: string,
  environment: Readonly<Record<string, string>>,
): Unreadable | null {
  if (NEVER.test(name)) return "never";
  const allowed = environment[ALLOWED_VARIABLES];
  if (allowed !== undefined && !allowed.split(/[\s,]+/).some((each) => covers(each, name))) {
    return "not_allowed";
  }
  return Object.hasOwn(environment, name) ? null : "unset";
}

/** What is wrong with a reference, and what to do. */
export function unreadableText(
  name: string,
  why: Unreadable,
): { readonly message: string; readonly hint: string } {
  switch (why) {
    case "never":
      return {
        message: `A pipeline file may not read "${name}": it could send it anywhere`,
        hint: "Put what the pipeline needs into a variable of another name: " +
          "DATABASE_URL, PG… and SLUICE_… are Sluice's own",
      };
    case "not_allowed":
      return {
        message: `"${name}" is not among the variables that a pipeline file may read`,
        hint: `Add it to ${ALLOWED_VARIABLES}, where the operator lists them`,
      };
    case "unset":
      return {
        message: `Environment variable "${name}" is not set`,
        hint: "Set it before the run, in the environment or in the .env file",
      };
  }
}

/** `SOURCE_*` stands for all names that begin so. */
function covers(allowed: string, name: string): boolean {
  return allowed.endsWith("*") ? name.startsWith(allowed.slice(0, -1)) : allowed === name;
}
