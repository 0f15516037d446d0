import { didYouMean } from "../../core/did_you_mean.ts";
import type { RunRequest } from "../scheduler_host.ts";
import type { Refusal } from "./answer.ts";

/** What `POST /runs` asks for. */
export interface AskedRun extends RunRequest {
  readonly pipeline: string;
}

const KEYS = ["pipeline", "partitions", "force"];

/** Partitions of one request, at the most. */
const MOST_PARTITIONS = 1000;

/** Checks a body of `POST /runs`: `{"pipeline", "partitions"?, "force"?}`. */
export function runRequestOf(
  body: unknown,
): { readonly asked: AskedRun } | { readonly refusal: Refusal } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return wrong("The body is not an object", 'Send {"pipeline": "<name>"}');
  }
  for (const key of Object.keys(body)) {
    if (KEYS.includes(key)) continue;
    const near = didYouMean(key, KEYS);
    const hint = near === null ? `Keys: ${KEYS.join(", ")}` : `Did you mean "${near}"?`;
    return wrong(`There is no key "${key}"`, hint);
  }
  const { pipeline, partitions = [], force = false } = body as Record<string, unknown>;
  if (typeof pipeline !== "string") return wrong('"pipeline" must be the name of a pipeline');
  if (typeof force !== "boolean") return wrong('"force" must be true or false');
  if (!Array.isArray(partitions) || !partitions.every((name) => typeof name === "string")) {
    return wrong('"partitions" must be a list of texts, such as ["2021-02"]');
  }
  if (partitions.length > MOST_PARTITIONS) {
    return wrong(`"partitions" may have ${MOST_PARTITIONS} names at most`);
  }
  return { asked: { pipeline, partitions, force } };
}

function wrong(message: string, hint?: string): { readonly refusal: Refusal } {
  const refusal = { status: 400, code: "http/wrong_request", message };
  return { refusal: hint === undefined ? refusal : { ...refusal, hint } };
}
