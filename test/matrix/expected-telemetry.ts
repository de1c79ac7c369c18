import type { Attributes } from "@opentelemetry/api";
import type { Side } from "connect-clue";
import type { TestSpan } from "connect-clue/testing";
import type { TestMetric, TestPoint } from "connect-clue/testing-telemetry";
import { rpcAttributes } from "../support/rpc-attributes.js";
import type { Case, Course } from "./cases.js";
import { expected, methods } from "./expected.js";
import { errors, hasWarmUp, shutdownReason } from "./scenario.js";

/** What is to be seen of a cell, with its warm-up. */
export interface Telemetry {
  readonly spans: readonly TestSpan[];
  readonly metrics: Metrics;
}

type Metrics = Readonly<Record<string, TestMetric>>;

/** The spans and metrics of a cell. */
export function expectedTelemetry(cell: Case): Telemetry {
  const { clientEvents, serverEvents } = expected(cell);
  const client = endedCall("client", cell, clientEvents);
  const server = endedCall("server", cell, serverEvents);
  return {
    spans: hasWarmUp(cell)
      ? [...spans(warmUpOf(client), warmUpOf(server), 1), ...spans(client, server, 2)]
      : spans(client, server, 1),
    metrics: { ...metrics(client), ...metrics(server) },
  };
}

/** One side of a call that has ended. */
interface EndedCall extends Pick<Case, "kind" | "http" | "course"> {
  readonly side: Side;
  /** `receive 1`, `send 1`, and so on. */
  readonly messages: readonly string[];
  readonly type: string;
  /** Empty for success. */
  readonly code: string;
  readonly received: number;
  readonly sent: number;
}

/** What the events of a call tell of it. The last one is of the form `end error not_found received=0 sent=0`. */
function endedCall(side: Side, cell: Case, events: readonly string[]): EndedCall {
  const end = /^end (\w+)(?: (\w+))? received=(\d+) sent=(\d+)$/.exec(events.at(-1) ?? "");
  if (end === null) throw new Error(`no end: ${events}`);
  const [, type = "", code = "", received, sent] = end;
  const messages = events.slice(0, -1);
  return { ...cell, side, messages, type, code, received: Number(received), sent: Number(sent) };
}

/** The spans of the n-th call of a cell. */
function spans(client: EndedCall, server: EndedCall, n: number): TestSpan[] {
  const trace = `trace ${n}`;
  const parent = `span ${2 * n - 1}`;
  return [
    { ...span(client), trace, span: parent },
    { ...span(server), trace, span: `span ${2 * n}`, parent: `remote ${parent}` },
  ];
}

function span(call: EndedCall): Omit<TestSpan, "trace" | "span"> {
  const { side, kind, http, type, code, received, sent } = call;
  const counts = { "clue.messages.received": received, "clue.messages.sent": sent };
  return {
    kind: side,
    name: `chat.v1.ChatService/${methods[kind]}`,
    attributes: {
      ...rpcAttributes(side, methods[kind], http),
      ...(kind !== "unary" && counts),
      ...(code !== "" && { "clue.outcome": type }),
      ...codeAttributes(call),
    },
    ...(isError(call) && failure(call)),
  };
}

function failure({ side, course }: EndedCall): Pick<TestSpan, "status" | "events"> {
  const [type, message] =
    (side === "client" ? causesAtClient[course] : undefined) ?? causes[course] ?? foreign;
  const attributes = {
    "exception.type": type,
    "exception.message": message,
    "exception.stacktrace": `${type}: ${message}\n<frames>`,
  };
  return { status: `error: ${message.replace(/^\[\w+\] /, "")}`, events: [["exception", attributes]] };
}

type Cause = readonly [type: string, message: string];

/** Where Connect or Node tells of the end, the words are no concern of this test. */
export const foreign: Cause = ["<type>", "<words>"];

const causes: Partial<Readonly<Record<Course, Cause>>> = {
  "error before messages": ["ConnectError", errors["error before messages"].message],
  "error between messages": ["Error", errors["error between messages"].message],
  "error after messages": ["ConnectError", errors["error after messages"].message],
  "server shutdown": ["ConnectError", shutdownReason.message],
};

/** Where a client is not told what the server threw. */
const causesAtClient: typeof causes = {
  "error between messages": ["ConnectError", "[internal] internal error"],
};

function codeAttributes(call: EndedCall): Attributes {
  const { code } = call;
  return code === "" ? {} : { "rpc.status_code": code, ...(isError(call) && { "error.type": code }) };
}

/** To its client every failure is an error; to the server, what it has to answer for. */
function isError({ side, code }: EndedCall): boolean {
  return side === "client" ? code !== "" : serverFaults.includes(code);
}

const serverFaults = ["internal", "data_loss", "deadline_exceeded", "unavailable"];

function metrics(call: EndedCall): Metrics {
  const { side } = call;
  const calls = hasWarmUp(call) ? [warmUpOf(call), call] : [call];
  const streams = calls.filter(({ kind }) => kind !== "unary");
  const answered = streams.filter(({ messages }) => messages.some((event) => event.startsWith(answer[side])));
  const all = {
    [`rpc.${side}.call.duration`]: histogram(calls, callAttributes),
    [`clue.rpc.${side}.active_calls`]: upDownCounter("{call}", calls),
    [`clue.rpc.${side}.active_streams`]: upDownCounter("{stream}", streams),
    [`clue.rpc.${side}.received_messages`]: messageCounter(calls, ({ received }) => received),
    [`clue.rpc.${side}.sent_messages`]: messageCounter(calls, ({ sent }) => sent),
    [`clue.rpc.${side}.stream.longest_gap`]: histogram(streams.filter(({ messages }) => messages.length > 1)),
    [`clue.rpc.${side}.stream.longest_silence`]: gauge(streams),
    [`clue.rpc.${side}.stream.time_to_first_message`]: histogram(answered),
  };
  return Object.fromEntries(Object.entries(all).filter(([, { points }]) => points.length > 0));
}

/** Of durations: how many there are. */
function histogram(calls: readonly EndedCall[], attributes = methodAttributes): TestMetric {
  const counts = sums(calls, attributes, () => 1);
  return {
    type: "histogram",
    unit: "s",
    points: counts.map(([attributes, count]) => ({ attributes, value: { count } })),
  };
}

/** Of what is over. */
function upDownCounter(unit: string, calls: readonly EndedCall[]): TestMetric {
  return { type: "up_down_counter", unit, points: values(calls, () => 0) };
}

function messageCounter(calls: readonly EndedCall[], value: (call: EndedCall) => number): TestMetric {
  return { type: "counter", unit: "{message}", points: values(calls, value) };
}

/** Of a silence that is over. */
function gauge(calls: readonly EndedCall[]): TestMetric {
  return { type: "gauge", unit: "s", points: values(calls, () => 0) };
}

/** What the first message of an answer is to either side. */
const answer: Readonly<Record<Side, string>> = { client: "receive", server: "send" };

function warmUpOf(call: EndedCall): EndedCall {
  return {
    ...call,
    kind: "unary",
    messages: ["receive 1", "send 1"],
    type: "ok",
    code: "",
    received: 1,
    sent: 1,
  };
}

function methodAttributes({ kind }: EndedCall): Attributes {
  return { "rpc.system.name": "connectrpc", "rpc.method": `chat.v1.ChatService/${methods[kind]}` };
}

function callAttributes(call: EndedCall): Attributes {
  const { side, kind, http } = call;
  const target = side === "client" ? rpcAttributes(side, methods[kind], http) : {};
  return { ...methodAttributes(call), ...target, ...codeAttributes(call) };
}

function values(calls: readonly EndedCall[], value: (call: EndedCall) => number): TestPoint[] {
  return sums(calls, methodAttributes, value).map(([attributes, value]) => ({ attributes, value }));
}

/** Adds up the values of calls that have the same attributes. */
function sums(
  calls: readonly EndedCall[],
  attributes: (call: EndedCall) => Attributes,
  value: (call: EndedCall) => number,
): [Attributes, number][] {
  const byAttributes = new Map<string, number>();
  for (const call of calls) {
    const key = JSON.stringify(attributes(call));
    byAttributes.set(key, (byAttributes.get(key) ?? 0) + value(call));
  }
  return [...byAttributes].map(([key, sum]) => [JSON.parse(key), sum]);
}
