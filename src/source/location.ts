import { SluiceError } from "../core/error.ts";
import { qualified, quoteTable } from "../core/quote.ts";
import { sourceName } from "../core/source_name.ts";
import { unreadableText } from "../core/pipeline_variables.ts";
import { maskUrl } from "../core/mask_urls.ts";
import { secretNames, type Secrets, type SecretText } from "../core/secret.ts";
import type { SourcePlan } from "../plan/load_plan.ts";

/** A source's address: `href` goes to the machine, `shown` to people and the ledger. */
export interface Location {
  /** A path or URL, secrets revealed. */
  readonly href: string;
  readonly shown: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a database: SQL that returns the rows. */
  readonly query?: string;
  /** The table that it reads whole, as the pipeline file has it. */
  readonly table?: string;
  /** Names of the headers that hold a secret, in lower case. */
  readonly secretHeaders: readonly string[];
  /** Headers that prove who asks, for each request to the origin of `href`. */
  sign?(method: string, url: URL, headers: Headers): Promise<Readonly<Record<string, string>>>;
  /** What an answer that is an error means where the address leads; null: what HTTP says. */
  explain?(response: Response): SluiceError | null;
}

/** Reveals a source's secrets: the only place that does. */
export function locate(
  url: SecretText,
  { table, query, ...source }: Pick<SourcePlan, "headers" | "table" | "query">,
  secrets: Secrets,
): Location {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(source.headers)) {
    headers[name] = reveal(value, secrets);
  }
  return {
    href: reveal(url, secrets),
    shown: sourceName({ url, table, query }),
    headers,
    ...(table === undefined
      ? {}
      : { table, query: `select * from ${quoteTable(qualified(table))}` }),
    ...(query === undefined ? {} : { query }),
    secretHeaders: Object.entries(source.headers)
      .filter(([, value]) => secretNames(value).length > 0)
      .map(([name]) => name.toLowerCase()),
  };
}

/** The URL as the pipeline file has it; the same in every run, whatever the secrets are. */
export function shownUrl(url: SecretText): string {
  return maskUrl(url);
}

function reveal(text: SecretText, secrets: Secrets): string {
  const [first] = secrets.unreadable(text);
  if (first === undefined) return secrets.revealInPipeline(text);
  const { name, why } = first;
  if (why !== "unset") {
    const { message, hint } = unreadableText(name, why);
    throw new SluiceError("source/forbidden_variable", message, { hint });
  }
  throw new SluiceError("source/secret_not_set", `The variable "${name}" is not set`, {
    hint: `Set ${name} in the environment or in the .env file: the source refers to it`,
  });
}
