import { commandLine } from "../contestants.ts";
import type { Peer, PeerCommand, PeerJob } from "../peer.ts";

const PIPELINE = new URL("../yellow_month.yaml", import.meta.url);

function load({ scratch, url }: PeerJob, file: string): PeerCommand {
  const text = Deno.readTextFileSync(PIPELINE)
    .replaceAll('"numeric(10,2)"', "double precision")
    .replace(/url: ".*"/, `url: ${JSON.stringify(file.replace("2021-01", "{month}"))}`);
  const args = ["run", `${scratch}/yellow.yaml`, "--partition", "2021-01", "--force"];
  return {
    program: Deno.execPath(),
    args: commandLine([...args, "--output", "json"]),
    env: { DATABASE_URL: url },
    files: { "yellow.yaml": text },
  };
}

export default {
  name: "Sluice",
  note: "every field checked, staged, analysed, published; one transaction",
  install: null,
  version: () => ({ program: Deno.execPath(), args: commandLine(["--version"]) }),
  setsUp: true,
  ways: [
    {
      setting: "default",
      how: "from .csv.gz",
      target: "own",
      table: "bench.yellow_trips",
      command: (job) => load(job, job.gzip),
    },
    {
      setting: "best",
      how: "from the plain CSV, as the others",
      target: "own",
      table: "bench.yellow_trips",
      command: (job) => load(job, job.csv),
    },
  ],
} satisfies Peer;
