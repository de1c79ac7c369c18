import { fromBinary, type Message } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Interceptor } from "@connectrpc/connect";
import { type Context, propagation, type SpanContext, TraceFlags, trace } from "@opentelemetry/api";
import type { CallObserverFactory } from "connect-clue";
import type { TestSpan } from "connect-clue/testing";
import { TraceMetadataSchema } from "../../gen/clue/trace/v1/trace_pb.js";
import { wrapStream } from "../../src/call/stream.js";

/** The metadata of messages as they are on the wire; `null` for a message without any. */
export type OnWire = Readonly<Record<string, string>> | null;

/** Stands between the wire and the kit, on a server, and sees what metadata comes and goes. */
export class WireTap {
  readonly requests: OnWire[] = [];
  readonly responses: OnWire[] = [];

  /** The interceptor to put in front of the kit's. */
  readonly interceptor: Interceptor = (next) => async (request) => {
    if (!request.stream) return next(request);
    const response = await next({ ...request, message: tapped(request.message, this.requests) });
    return response.stream ? { ...response, message: tapped(response.message, this.responses) } : response;
  };
}

/** Passes a stream's messages on, and takes down the metadata of each. */
function tapped(messages: AsyncIterable<Message>, seen: OnWire[]): AsyncIterable<Message> {
  return wrapStream(messages, {
    run: (pull) => pull(),
    onMessage: (message) => {
      seen.push(onWire(message));
      return message;
    },
    onDone: () => {},
    onError: () => {},
  });
}

/** The metadata of a message, in whichever carrier; `null` without any. */
export function onWire(message: Message): OnWire {
  const { traceMetadata = {} } = message as Message & { traceMetadata?: Record<string, string> };
  const metadata = { ...traceMetadata, ...unknownMetadata(message) };
  return Object.keys(metadata).length === 0 ? null : metadata;
}

/** What a peer whose schema has the field makes of the unknown ones. */
function unknownMetadata({ $unknown = [] }: Message): Record<string, string> {
  const writer = new BinaryWriter();
  for (const { no, wireType, data } of $unknown) writer.tag(no, wireType).raw(data);
  try {
    return fromBinary(TraceMetadataSchema, writer.finish()).traceMetadata;
  } catch {
    return { broken: "" };
  }
}

/**
 * A context in a few words: `stream` where it has the stream's own span; `b2` with the second span of trace b (see
 * `spanOf`), `b2 unsampled`; and its baggage, as in `b2 user=Éva`.
 *
 * @param stream - the stream's own context
 */
export function inWords(ctx: Context, stream: Context): string {
  const span = trace.getSpanContext(ctx);
  const own = trace.getSpanContext(stream);
  const baggage = propagation.getBaggage(ctx)?.getAllEntries() ?? [];
  return [
    span !== undefined && span.spanId === own?.spanId ? "stream" : spanInWords(span),
    ...baggage.map(([key, { value }]) => `${key}=${value}`),
  ].join(" ");
}

function spanInWords(span: SpanContext | undefined): string {
  if (span === undefined) return "no span";
  const { traceId, spanId, traceFlags } = span;
  const isMade = traceId === traceId.charAt(0).repeat(32);
  const name = isMade ? `${traceId.charAt(0)}${Number.parseInt(spanId, 16)}` : `${traceId} ${spanId}`;
  return (traceFlags & TraceFlags.SAMPLED) === 0 ? `${name} unsampled` : name;
}

/** Takes down in which context each message was received, in words. */
export function receivedIn(seen: string[]): CallObserverFactory {
  return (call) => ({
    onReceive(ctx) {
      seen.push(inWords(ctx, call.ctx));
    },
  });
}

/** The span of the n-th message of a chat. */
export function messageSpan(
  n: number,
  parts: Pick<TestSpan, "trace" | "span"> & Partial<TestSpan>,
): TestSpan {
  return {
    kind: "consumer",
    name: "chat.v1.ChatService/Chat message",
    attributes: {
      "rpc.system.name": "connectrpc",
      "rpc.method": "chat.v1.ChatService/Chat",
      "clue.message.number": n,
      "clue.message.direction": "received",
    },
    ...parts,
  };
}
