#!/usr/bin/env node
// Starts Deno with the permissions of the command that was typed, and is its exit code.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const launch = JSON.parse(readFileSync(join(here, "launch.json"), "utf8"));

/** The Deno that npm installed beside this, or null. */
function packagedDeno() {
  const libc = process.platform === "linux" ? "-glibc" : "";
  const name = `@deno/${process.platform}-${process.arch}${libc}`;
  try {
    // Only the package "deno" is sure to see its own dependencies.
    const deno = createRequire(createRequire(import.meta.url).resolve("deno/package.json"));
    const folder = dirname(deno.resolve(`${name}/package.json`));
    return join(folder, process.platform === "win32" ? "deno.exe" : "deno");
  } catch {
    return null;
  }
}

/** The Deno of the machine where it is new enough; otherwise what is wrong. */
function machineDeno() {
  const { error, stdout } = spawnSync("deno", ["--version"], { encoding: "utf8" });
  if (error) return { missing: "and there is none on the PATH" };
  const version = /^deno (\d+)\.(\d+)\.(\d+)/.exec(stdout);
  const oldest = launch.oldestDeno.split(".").map(Number);
  const found = version?.slice(1).map(Number) ?? [0];
  const at = oldest.findIndex((part, index) => part !== found[index]);
  if (at === -1 || found[at] > oldest[at]) return { path: "deno" };
  return { missing: `and the one on the PATH is ${version?.[0] ?? "unknown"}` };
}

/** What was typed before the command. */
function typed() {
  if (process.env.npm_lifecycle_event !== "npx") return "sluice";
  return /[\\/]_npx[\\/]/.test(here) ? "npx @sluice/sluice" : "npx sluice";
}

function start(args) {
  // What the user's own surroundings need beyond a command's permissions.
  const more = (process.env.SLUICE_DENO_FLAGS ?? "").split(/\s+/).filter((flag) => flag !== "");
  const stray = more.find((flag) => !flag.startsWith("--"));
  if (stray !== undefined) {
    console.error(
      `error: "${stray}" in SLUICE_DENO_FLAGS is no flag of Deno\n` +
        "  hint: Write flags with their values behind =, such as --allow-write=/var/log/sluice",
    );
    process.exitCode = 2;
    return;
  }
  let deno = process.versions.deno === undefined ? packagedDeno() : process.execPath;
  if (deno === null) {
    const { path, missing } = machineDeno();
    if (path === undefined) {
      console.error(
        `error: Deno for ${process.platform} on ${process.arch} was not installed, ${missing}\n` +
          `  hint: Install Deno ${launch.oldestDeno} or later (https://deno.com), or install ` +
          "Sluice again without --omit=optional",
      );
      process.exitCode = 1;
      return;
    }
    deno = path;
  }
  const flags = Object.hasOwn(launch.commands, args[0]) ? launch.commands[args[0]] : launch.others;
  const main = join(here, "..", "lib", "main.js");
  const words = ["run", ...launch.always, ...flags, ...more, main, ...args];
  const env = { ...process.env, SLUICE_TYPED: typed() };
  // In this process's place: signals then need no way through it.
  if (process.execve !== undefined && process.platform !== "win32" && deno !== "deno") {
    return process.execve(deno, [deno, ...words], env);
  }
  // Windows sends what a key means to both, and a signal from here would kill.
  const signals = process.platform === "win32"
    ? { SIGINT: false, SIGBREAK: false }
    : { SIGINT: true, SIGTERM: true, SIGHUP: true };
  // Before there is anything that a signal could leave behind; they run when it is there.
  for (const [signal, passOn] of Object.entries(signals)) {
    process.on(signal, () => passOn && child.kill(signal));
  }
  const child = spawn(deno, words, { stdio: "inherit", env });
  child.on("error", (error) => {
    console.error(`error: Deno could not be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    for (const name of Object.keys(signals)) process.removeAllListeners(name);
    if (signal !== null) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}

start(process.argv.slice(2));
