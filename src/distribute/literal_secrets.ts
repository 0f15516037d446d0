import { SluiceError } from "../core/error.ts";
import { hasLiteralSecret } from "../core/mask_urls.ts";
import { secretNames } from "../core/secret.ts";
import type { NotifySpec } from "../spec/pipeline_spec.ts";

/** What a job would carry into the database. */
export interface Carried {
  readonly source: {
    readonly url: string;
    readonly urls?: readonly string[];
    readonly checksum?: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly notify?: readonly NotifySpec[];
}

/** Headers whose values are no secrets; in any other a token may stand. */
const PLAIN = new Set([
  "accept",
  "accept-charset",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-type",
  "user-agent",
]);

/**
 * Refuses what would put a secret that is written into the pipeline file into a job: jobs lie in
 * the database, for all to see who may read it. Workers look references up in their environment.
 *
 * @param who keeps the secrets, as the message begins
 * @param where the variables in their place are to be set
 * @throws SluiceError `cli/literal_secret`
 */
export function requireReferences(
  { source, notify = [] }: Carried,
  who = "A run with workers stores jobs in the database, and they would hold",
  where = "where the workers run",
): void {
  const literal = [
    ...((source.urls ?? [source.url]).some(hasLiteralSecret) ? ["source.url"] : []),
    ...(hasLiteralSecret(source.checksum ?? "") ? ["source.checksum"] : []),
    ...Object.entries(source.headers)
      .filter(([name, value]) => !PLAIN.has(name.toLowerCase()) && !REFERENCE.test(value))
      .map(([name]) => `source.headers.${name}`),
    ...notify.flatMap(({ webhook }, at) =>
      webhook === undefined || isAddressOfReference(webhook) ? [] : [`notify.${at}.webhook`]
    ),
  ];
  if (literal.length === 0) return;
  throw new SluiceError(
    "cli/literal_secret",
    `${who} these secrets: ${literal.join(", ")}`,
    { hint: `Write the secret as "\${NAME}", and set NAME ${where}` },
  );
}

/** A reference after a word such as `Bearer`. */
const REFERENCE = /^([A-Za-z-]{1,16}[ :=])?(\$\{[A-Za-z_][A-Za-z0-9_]*\}:?)+$/;

/** Of an address with a reference the rest is taken for no secret. */
function isAddressOfReference(webhook: string): boolean {
  return secretNames(webhook).length > 0 && !hasLiteralSecret(webhook);
}
