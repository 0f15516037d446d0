import { SluiceError } from "../core/error.ts";
import { maskUrl } from "../core/mask_urls.ts";
import type { SecretText } from "../core/secret.ts";
import { quotedText } from "../core/quoted_text.ts";
import type { SourcePlan } from "../plan/load_plan.ts";
import { sourcePlan } from "../plan/source_plan.ts";
import { loadSpec } from "../spec/load_spec.ts";

/**
 * The source that an address names, as a pipeline file with nothing else in it would have it.
 *
 * @param folder absolute; relative paths start there
 * @throws SluiceError `source/…` where no pipeline file could have this address
 */
export function sourceOf(
  address: string,
  folder: string,
  variables: Readonly<Record<string, string>>,
): SourcePlan {
  if (maskUrl(address as SecretText) !== address) {
    throw new SluiceError(
      "source/secret_in_address",
      "The address holds a password or a token, which would stand in the pipeline file",
      {
        hint: "Put it into a variable of the environment or of .env, and write its name in its " +
          "place, such as '${TOKEN}', in single quotes",
      },
    );
  }
  const { spec, diagnostics } = loadSpec(
    `pipeline: sample\nsource: { url: ${quotedText(address)} }\n` +
      "target: { table: sample }\ncolumns: { sample: text }\n",
    { file: address, folder, variables, opensSource: true },
  );
  if (spec !== null) return sourcePlan(spec, null);
  const [{ message, hint }] = diagnostics;
  throw new SluiceError("source/bad_address", `"${address}" is no address: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
