import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { exitCodeOfError, exitCodeOfRun, worseExitCode } from "../../src/cli/exit_code.ts";
import { partitionResult, runResult } from "./support.ts";

const later = { code: "db/lock_timeout", message: "m", retry: "later" as const };
const never = { code: "source/http", message: "m", retry: "never" as const };

Deno.test("exitCodeOfError tells usage, failures and what time mends apart", () => {
  expect(exitCodeOfError(new SluiceError("cli/no_such_file", "m"))).toBe(2);
  expect(exitCodeOfError(new SluiceError("spec/drift", "m"))).toBe(2);
  expect(exitCodeOfError(new SluiceError("db/bad_url", "m"))).toBe(2);
  expect(exitCodeOfError(new SluiceError("plan/unknown_version", "m"))).toBe(2);
  expect(exitCodeOfError(new SluiceError("plan/target_differs", "m"))).toBe(1);
  expect(exitCodeOfError(new SluiceError("db/refused", "m", { retry: "later" }))).toBe(75);
  expect(exitCodeOfError(new Error("bug"))).toBe(1);
});

Deno.test("exitCodeOfRun follows the status", () => {
  const of = (status: Parameters<typeof runResult>[1]) => exitCodeOfRun(runResult([], status));
  expect(of({ status: "succeeded" })).toBe(0);
  expect(of({ status: "unchanged" })).toBe(0);
  expect(of({ status: "refused" })).toBe(3);
  expect(of({ status: "failed" })).toBe(1);
});

Deno.test("exitCodeOfRun is 75 only where time alone mends all that failed", () => {
  const failed = (...errors: (typeof later | typeof never)[]) =>
    exitCodeOfRun(runResult(
      errors.map((error) => partitionResult({ status: "failed", error })),
      { status: "failed" },
    ));
  expect(failed(later, later)).toBe(75);
  expect(failed(later, never)).toBe(1);
});

Deno.test("worseExitCode ranks what needs a person above what time mends", () => {
  const ranked = [0, 75, 3, 1, 2, 130];
  for (const [at, code] of ranked.entries()) {
    for (const milder of ranked.slice(0, at + 1)) {
      expect(worseExitCode(code, milder)).toBe(code);
      expect(worseExitCode(milder, code)).toBe(code);
    }
  }
});
