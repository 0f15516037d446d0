/**
 * Sluice as a function behind HTTP: one request runs one pipeline, and the answer is its result.
 *
 *     POST / {"pipeline": "trips", "partitions": ["2021-02"], "force": false}
 *     Authorization: Bearer <SLUICE_TOKEN>
 *
 * A handler of the web's own shape, for platforms that run Deno; `deno serve` makes a server of it.
 * docs/deploy.md has the steps.
 */
import { systemClock } from "../src/core/clock.ts";
import { SluiceError } from "../src/core/error.ts";
import { redactDeep } from "../src/core/redact_deep.ts";
import { attempt, mendsItself } from "../src/schedule/attempt.ts";
import { failed, json, refuse, text } from "../src/schedule/http/answer.ts";
import { authorize } from "../src/schedule/http/authorize.ts";
import { readJson } from "../src/schedule/http/read_body.ts";
import { runRequestOf } from "../src/schedule/http/run_request.ts";
import { type ServedFile, serverless } from "./serverless.ts";

/**
 * Answers one request: GET `/healthz`, or POST with `{"pipeline", "partitions"?, "force"?}` and the
 * header `Authorization: Bearer SLUICE_TOKEN`.
 *
 * @returns 200 with the run, or an error with the status that `docs/deploy.md` lists; never throws
 */
export async function handler(
  request: Request,
  variables: Readonly<Record<string, string>> = Deno.env.toObject(),
): Promise<Response> {
  if (request.method === "GET" && new URL(request.url).pathname === "/healthz") return text("ok\n");
  const token = (variables.SLUICE_TOKEN ?? "") === "" ? null : variables.SLUICE_TOKEN;
  const refusal = authorize(request, { token, loopback: false });
  if (refusal !== null) return refuse(refusal);
  if (request.method !== "POST") {
    const message = "Only POST is allowed here";
    return refuse({
      status: 405,
      code: "http/method_not_allowed",
      message,
      headers: { allow: "POST" },
    });
  }
  const body = await readJson(request, systemClock);
  if ("refusal" in body) return refuse(body.refusal);
  const read = runRequestOf(body.value);
  if ("refusal" in read) return refuse(read.refusal);
  return await run(read.asked, request.signal, variables);
}

async function run(
  { pipeline, ...asked }: { pipeline: string; partitions: readonly string[]; force: boolean },
  signal: AbortSignal,
  variables: Readonly<Record<string, string>>,
): Promise<Response> {
  const { secrets, pipelines, open, runOver } = serverless(variables);
  secrets.reveal("${SLUICE_TOKEN}");
  const outcome = await attempt(async () => {
    const files = pipelines();
    const wanted = files.find(({ served }) => served?.spec.pipeline === pipeline)?.served;
    if (wanted == null) throw noPipeline(pipeline, files);
    await using db = await open();
    return await runOver(db)(wanted.spec, asked, signal, () => {});
  }, signal);
  const { result, error } = outcome;
  if (error?.code === NO_PIPELINE) return failed(error, 404);
  // A caller that runs again on 503 does what time can mend, and nothing else.
  const later = mendsItself(outcome) || outcome.interrupted;
  if (result === null) return failed(redactDeep(error!, secrets), later ? 503 : 500);
  const good = result.status === "succeeded" || result.status === "unchanged";
  const status = good ? 200 : later ? 503 : result.status === "refused" ? 422 : 500;
  return json(redactDeep(result, secrets), status);
}

const NO_PIPELINE = "cli/no_such_pipeline";

/** It may be in a file that is wrong. */
function noPipeline(name: string, files: readonly ServedFile[]): SluiceError {
  const names = files.flatMap(({ served }) => served?.spec.pipeline ?? []);
  const hint = `Pipelines: ${names.join(", ")}`;
  const faults = files.flatMap(({ fault }) => fault ?? []);
  if (faults.length === 0) {
    return new SluiceError(NO_PIPELINE, `There is no pipeline "${name}"`, { hint });
  }
  const message = `No file that is right has the pipeline "${name}"`;
  return new SluiceError("spec/wrong_file", `${message}:\n${faults.join("\n")}`, {
    hint: `Correct the file and deploy again. ${hint}`,
  });
}

/** For platforms that start a module by its `fetch`. */
export default { fetch: (request: Request) => handler(request) };
