import type { Channel } from "./channel.ts";
import { command } from "./command.ts";
import { json } from "./json.ts";
import { slack } from "./slack.ts";

/** Every way to deliver a notice. */
export const CHANNELS: readonly Channel[] = [slack, json, command];
