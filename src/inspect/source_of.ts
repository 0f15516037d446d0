import { SluiceError } from "../core/error.ts";
import { hasLiteralSecret } from "../core/mask_urls.ts";
import { quotedText } from "../core/quoted_text.ts";
import type { SourcePlan } from "../plan/load_plan.ts";
import { sourcePlan } from "../plan/source_plan.ts";
import type { RowsWanted } from "./from_database.ts";
import { loadSpec } from "../spec/load_spec.ts";

/**
 * The source that an address names, as a pipeline file with nothing else in it would have it.
 *
 * @param folder absolute; relative paths start there
 * @param wanted of a database; null: the address is one of files
 * @throws SluiceError `source/…` where no pipeline file could have this address
 */
export function sourceOf(
  address: string,
  folder: string,
  variables: Readonly<Record<string, string>>,
  wanted: RowsWanted | null = null,
): SourcePlan {
  if (hasLiteralSecret(address)) {
    throw new SluiceError(
      "source/secret_in_address",
      "The address holds a password or a token, which would stand in the pipeline file",
      {
        hint: "Put it into a variable of the environment or of .env, and write its name in its " +
          "place, such as '${TOKEN}', in single quotes",
      },
    );
  }
  if (wanted === null && /^postgres(ql)?:/i.test(address)) {
    throw new SluiceError(
      "source/bad_address",
      `"${address}" is a database: which rows is not said`,
      {
        hint: "Name a table with --table, or write a query with --query",
      },
    );
  }
  const rows = Object.entries(wanted ?? {}).map(([key, text]) => `, ${key}: ${quotedText(text)}`);
  const { spec, diagnostics } = loadSpec(
    `pipeline: sample\nsource: { url: ${quotedText(address)}${rows.join("")} }\n` +
      "target: { table: sample }\ncolumns: { sample: text }\n",
    { file: address, folder, variables, opensSource: true },
  );
  if (spec !== null) return sourcePlan(spec, null);
  const [{ message, hint }] = diagnostics;
  throw new SluiceError("source/bad_address", `"${address}" is no address: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
