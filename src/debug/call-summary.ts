import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { isSpanContextValid, trace } from "@opentelemetry/api";
import {
  type CallSummary,
  CallSummary_Kind,
  CallSummarySchema,
  Side,
} from "../../gen/clue/debug/v1/debug_pb.js";
import type { Call } from "../call/call.js";
import type { CallInfo, RpcKind } from "../call/types.js";
import { heldLines, requestIdOf } from "../log/live.js";
import { isClientGone } from "./calls-in-flight.js";
import { durationOf } from "./durations.js";

/** What may be told of a call: never a header or a message. */
export function callSummary(call: Call): CallSummary {
  const now = performance.now();
  const { deadline } = call;
  const silence = silenceOf(call, now);
  return create(CallSummarySchema, {
    id: BigInt(call.id),
    method: call.path,
    kind: kinds[call.kind],
    side: sides[call.side],
    startedAt: timestampFromMs(call.startTime),
    age: durationOf(now - call.startedAt),
    ...(deadline === undefined ? {} : { deadline: deadlineOf(deadline) }),
    peer: call.peer ?? "",
    protocol: call.protocol ?? "",
    requestId: requestIdOf(call) ?? "",
    traceId: traceIdOf(call),
    received: BigInt(call.received),
    sent: BigInt(call.sent),
    ...(silence === undefined ? {} : { sinceLastMessage: durationOf(silence) }),
    linesBuffered: heldLines(call),
    clientGone: isClientGone(call),
  });
}

/** The sides as the service names them. */
export const sides: Readonly<Record<CallInfo["side"], Side>> = { server: Side.SERVER, client: Side.CLIENT };

const kinds: Readonly<Record<RpcKind, CallSummary_Kind>> = {
  unary: CallSummary_Kind.UNARY,
  client_streaming: CallSummary_Kind.CLIENT_STREAMING,
  server_streaming: CallSummary_Kind.SERVER_STREAMING,
  bidi_streaming: CallSummary_Kind.BIDI_STREAMING,
};

function traceIdOf({ ctx }: Call): string {
  const span = trace.getSpanContext(ctx);
  return span !== undefined && isSpanContextValid(span) ? span.traceId : "";
}

/** How long there was no message. The clock of messages is coarse: the first one may seem to be older than the call. */
function silenceOf({ lastMessageAt, startedAt }: Call, now: number): number | undefined {
  return lastMessageAt === undefined ? undefined : now - Math.max(lastMessageAt, startedAt);
}

/** gRPC lets a client ask for 10,000 years, and then no answer that tells of its call could be written as JSON. */
function deadlineOf(ms: number): Timestamp {
  return timestampFromMs(Math.min(Math.round(ms), latestTimestampMs));
}

/** The end of the year 9999, where `google.protobuf.Timestamp` ends. */
const latestTimestampMs = Date.UTC(10_000, 0) - 1;
