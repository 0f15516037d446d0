import { post } from "../post.ts";
import type { Channel } from "./channel.ts";
import { detailLines, headline, type Notice } from "./notice.ts";

/** A webhook that takes messages as Slack's incoming webhooks do (Mattermost and Rocket.Chat too). */
export const slack: Channel = {
  name: "Slack webhook",
  wanted: ({ webhook, format }) => webhook !== undefined && format === "slack",
  async send(notice, { webhook }, context) {
    await post(
      {
        url: context.secrets.revealInPipeline(webhook!),
        headers: { "content-type": "application/json" },
        body: JSON.stringify(slackMessage(notice)),
      },
      context,
      context.limits,
    );
  },
};

/** Characters of a section; Slack refuses more than 3,000. */
const LIMIT = 2_900;

/** A message: `text` for notifications and simple clients, `attachments` for the color and details. */
export function slackMessage(notice: Notice): Readonly<Record<string, unknown>> {
  const bad = notice.alerts.some(({ alert }) => alert === "failure" || alert === "refusal");
  const odd = notice.alerts.some(({ alert }) => alert === "slow" || alert === "warning");
  const details = detailLines(notice).map(escape).join("\n");
  return {
    text: clip(escape(headline(notice))),
    attachments: [{ color: bad ? "danger" : odd ? "warning" : "good", text: clip(details) }],
  };
}

/** Slack's three characters of control: a message cannot mention people or make links. */
function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function clip(text: string): string {
  return text.length <= LIMIT ? text : `${text.slice(0, LIMIT).toWellFormed()}…`;
}
