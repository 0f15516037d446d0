import { jsonText } from "../../core/json_text.ts";
import { DELIVERY_LIMITS, type DeliveryContext, type DeliveryLimits, post } from "../post.ts";
import type { LineageEvent } from "./lineage_event.ts";
import type { LineageSettings } from "./lineage_settings.ts";

/** Sends events to the server and the file that the settings name. */
export function lineageSender(
  { url, file, apiKey }: LineageSettings,
  context: DeliveryContext,
  limits: DeliveryLimits = DELIVERY_LIMITS,
): (event: LineageEvent) => Promise<void> {
  return async (event) => {
    const body = jsonText(event);
    if (file !== null) await append(file, `${body}\n`);
    if (url === null) return;
    const headers = {
      "content-type": "application/json",
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    };
    await post({ url, headers, body }, context, limits);
  };
}

async function append(file: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(file, text, { append: true });
  } catch (error) {
    const why = error instanceof Deno.errors.NotCapable
      ? "Deno was not allowed to write it"
      : error instanceof Deno.errors.NotFound
      ? "its folder does not exist"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new Error(`the file "${file}": ${why}`);
  }
}
