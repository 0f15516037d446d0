import { type Ask, requireLedger, type Shown } from "../ask.ts";
import { readStandings } from "../queries/grid.ts";
import { readConnected, readJobs, readOpenParts, readOpenRuns } from "../queries/queue.ts";
import { QueueView } from "../views/queue.tsx";

/** `/queue` */
export async function queuePage(ask: Ask): Promise<Shown> {
  const data = await requireLedger(ask, async (tx) => {
    const pipelines = (await readStandings(tx)).map(({ pipeline }) => pipeline);
    return {
      runs: await readOpenRuns(tx, pipelines),
      parts: await readOpenParts(tx),
      jobs: await readJobs(tx),
      connected: await readConnected(tx),
    };
  });
  return { title: "Queue", at: "/queue", view: <QueueView data={data} now={ask.frame.now} /> };
}
