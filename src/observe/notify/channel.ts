import type { Secrets } from "../../core/secret.ts";
import type { DeliveryContext, DeliveryLimits } from "../post.ts";
import type { Notice } from "./notice.ts";
import type { NotifySpec } from "../../spec/pipeline_spec.ts";

/** A way to deliver notices. */
export interface Channel {
  /** As warnings name it. */
  readonly name: string;
  /** Whether an entry of `notify:` asks for it. */
  wanted(spec: NotifySpec): boolean;
  /** Delivers, with retries of its own; throws where it gives up. */
  send(notice: Notice, spec: NotifySpec, context: ChannelContext): Promise<void>;
}

/** What channels take from outside. */
export interface ChannelContext extends DeliveryContext {
  readonly secrets: Secrets;
  readonly limits: DeliveryLimits;
  /** Programs that the operator lets notifications run: see `allowed_commands.ts`. */
  readonly allowedCommands: readonly string[];
}
