import { post } from "../post.ts";
import type { Channel } from "./channel.ts";

/** A webhook that takes the notice as JSON. */
export const json: Channel = {
  name: "webhook",
  wanted: ({ webhook, format }) => webhook !== undefined && (format ?? "json") === "json",
  async send(notice, { webhook }, context) {
    await post(
      {
        url: context.secrets.revealInPipeline(webhook!),
        headers: { "content-type": "application/json" },
        body: JSON.stringify(notice),
      },
      context,
      context.limits,
    );
  },
};
