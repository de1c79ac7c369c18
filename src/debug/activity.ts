import { create } from "@bufbuild/protobuf";
import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import {
  type CallSummary,
  CallSummary_Kind,
  ListCallsRequestSchema,
  Side,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { listCalls } from "./list-calls.js";
import { activeResources, countCalls } from "./runtime.js";

/**
 * What the process is doing, as text: the calls in flight, oldest first, and what keeps the event loop alive. It is as near as
 * Node comes to Go's list of goroutines, and says what is missing.
 */
export function activityText(): string {
  return `${[processLine(), "", ...callLines(), "", ...resourceLines(), "", ...stackLines].join("\n")}\n`;
}

function processLine(): string {
  const uptime = Math.round(process.uptime());
  return `Process ${process.pid}, Node.js ${process.version}, up ${uptime}s, at ${new Date().toISOString()}`;
}

function callLines(): string[] {
  const { server = 0, client = 0, clientGone = 0 } = countCalls();
  const { calls, nextPageToken } = listCalls(create(ListCallsRequestSchema, { pageSize: 1000 }));
  return [
    `Calls: ${server} on the server, ${client} as a client, ${clientGone} whose client has gone`,
    ...calls.map(callLine),
    ...(nextPageToken === "" ? [] : ["  and younger ones: ListCalls of the debug service tells of all"]),
  ];
}

function callLine(call: CallSummary): string {
  const parts = [
    `${call.id}`,
    Side[call.side].toLowerCase(),
    CallSummary_Kind[call.kind].toLowerCase(),
    call.method,
    `for ${seconds(call.age)}`,
    `received ${call.received}`,
    `sent ${call.sent}`,
    call.sinceLastMessage && `last message ${seconds(call.sinceLastMessage)} ago`,
    call.peer && `peer ${call.peer}`,
    call.requestId && `request ${call.requestId}`,
    call.traceId && `trace ${call.traceId}`,
    call.linesBuffered > 0 && `${call.linesBuffered} lines held back`,
    call.clientGone && "client gone, handler still running",
  ];
  return `  ${parts.filter(Boolean).join("  ")}`;
}

function seconds(duration: Duration | undefined): string {
  return `${(duration === undefined ? 0 : durationMs(duration)) / 1000}s`;
}

function resourceLines(): string[] {
  const resources = Object.entries(activeResources()).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    "What keeps the event loop alive:",
    ...resources.map(([type, count]) => `  ${String(count).padStart(6)}  ${type}`),
  ];
}

const stackLines = [
  "Stacks: none. Node.js keeps no stack of what awaits, and finding it out would cost every promise of the process.",
  "  What runs now: profile. What waiting handlers hold on to: snapshot. Where a call got to: its log lines, by FlushCall.",
];
