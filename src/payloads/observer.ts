import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Context } from "@opentelemetry/api";
import { cut } from "../call/cut.js";
import { Json } from "../call/json.js";
import type { CallInfo, CallObserver, CallObserverFactory } from "../call/types.js";
import { debugEnabled } from "../log/debug-enabled.js";
import { logger } from "../log/index.js";
import { type PayloadOptions, type ResolvedPayloadOptions, resolvePayloadOptions } from "./options.js";
import { redactedJson } from "./redacted-json.js";

/**
 * The observer factory that logs messages while debug is on. What debug does not ask for is not even looked at.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function payloadObserver(options: PayloadOptions): CallObserverFactory {
  const resolved = resolvePayloadOptions(options);
  return (call) => {
    const maxSize = resolved.maxSizeOf(call.desc);
    return maxSize === 0 ? undefined : new PayloadObserver(call, maxSize, resolved);
  };
}

class PayloadObserver implements CallObserver {
  constructor(
    private readonly call: CallInfo,
    private readonly maxSize: number,
    private readonly options: ResolvedPayloadOptions,
  ) {}

  onReceive(ctx: Context, message: Message, n: number): void {
    if (debugEnabled(this.call, ctx))
      this.log(this.call.side === "server" ? "request" : "response", ctx, message, n);
  }

  onSend(ctx: Context, message: Message, n: number): void {
    if (debugEnabled(this.call, ctx))
      this.log(this.call.side === "server" ? "response" : "request", ctx, message, n);
  }

  private log(what: "request" | "response", ctx: Context, message: Message, n: number): void {
    const { side, kind, desc } = this.call;
    const type = what === "request" ? desc.input : desc.output;
    const key = `${side === "client" ? "client-" : ""}${what === "request" ? "payload" : "result"}`;
    logger(ctx).debug(what, {
      [key]: this.written(message, type),
      ...(kind !== "unary" && { "rpc.message.id": n }),
    });
  }

  private written(message: Message, type: DescMessage): Json {
    const { maxSize } = this;
    const { format, registry } = this.options;
    const text = format(message, type, this.call.desc);
    return text === undefined ? redactedJson(type, message, { maxSize, registry }) : asJson(text, maxSize);
  }
}

/** As a `Json`, a text is not bounded a second time, by the logger. One that is no JSON object stands in a line as text. */
function asJson(text: string, maxSize: number): Json {
  return new Json(cut(text, maxSize), text.length > maxSize || !isJsonObject(text));
}

function isJsonObject(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
