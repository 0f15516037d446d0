import { SluiceError } from "../../core/error.ts";
import type { Home } from "./home.ts";
import { logPath } from "./postmaster.ts";

/** Says why a server did not start, from what it wrote to its log. */
export function startError(log: string, home: Home): SluiceError {
  const last = log.split("\n").filter((line) => /FATAL|PANIC|could not/.test(line)).at(-1) ??
    log.split("\n").at(-1) ?? "";
  const text = last.replace(/^.*?(FATAL|PANIC|LOG|HINT): +/, "");
  const fail = (word: string, message: string, hint: string, retry: "never" | "later" = "never") =>
    new SluiceError(`db/${word}`, message, {
      retry,
      hint,
      details: { log: logPath(home), data_folder: home.data },
    });
  if (/could not bind|could not create any TCP\/IP sockets/.test(log)) {
    return fail(
      "embedded_port",
      "Embedded Postgres found no free port",
      "Another program took it in the same moment: run again",
      "later",
    );
  }
  if (/lock file "postmaster.pid" already exists/.test(log)) {
    return fail(
      "embedded_stale_pid",
      `"${home.data}/postmaster.pid" names a running process that is not this server`,
      "Make sure that no Postgres runs in this folder, then delete the file",
    );
  }
  if (/pre-existing shared memory block/.test(log)) {
    return fail(
      "embedded_busy",
      "Processes of an earlier embedded Postgres still run",
      "Wait until they have ended, or end them",
      "later",
    );
  }
  if (/No space left on device/.test(log)) {
    return fail(
      "embedded_disk_full",
      "Embedded Postgres did not start: the disk is full",
      `Free space on the disk of "${home.data}", then run again`,
      "later",
    );
  }
  if (/Permission denied|has wrong ownership|has invalid permissions/.test(log)) {
    return fail(
      "embedded_permission",
      `Embedded Postgres did not start: ${text}`,
      `The data folder must belong to the user that runs Postgres` +
        (home.account === null ? "" : ` ("${home.account.name}")`) + ", with mode 0700",
    );
  }
  return fail(
    "embedded_start",
    `Embedded Postgres did not start: ${text === "" ? "its log is empty" : text}`,
    `Look into "${logPath(home)}"`,
  );
}
