import { HttpDownload } from "./http_download.ts";
import { probeHttp } from "./http_probe.ts";
import type { Transport } from "./transport.ts";

/** Files over HTTP and HTTPS. */
export const http: Transport = {
  name: "http",
  async open(location, limits, context, byRanges = false) {
    const download = new HttpDownload(location, limits, context);
    await download.start(byRanges ? "end" : null);
    return download;
  },
  probe: probeHttp,
};
