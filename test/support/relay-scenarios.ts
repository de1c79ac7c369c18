import { ROOT_CONTEXT } from "@opentelemetry/api";
import { type InterceptorOptions, receive, send } from "connect-clue";
import type { TestSpan } from "connect-clue/testing";
import { testSpans } from "connect-clue/testing-telemetry";
import { ChatRequestSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, requests } from "./chat-server.js";
import { gate } from "./gate.js";
import { inWords, messageSpan } from "./message-traces.js";
import { type How, startAsking, startRelay } from "./relay.js";
import { inSpan, spanOf } from "./span-contexts.js";
import { spanOf as rpcSpan } from "./traced-chat.js";
import { until } from "./until.js";

/**
 * Sends two messages through a relay, one of trace b and then one of trace c, the second when all work on the first is
 * over.
 *
 * @returns all spans, among them one for each answer, made in its context and named after it; and those of the streams
 * while they still ran
 */
export async function relayTwo(how: How, options: InterceptorOptions = {}) {
  const spans = testSpans();
  const relay = await startRelay(how, { trace: { ...spans.options, messageSpans: "child" }, ...options });
  const tracer = spans.options.tracerProvider.getTracer("test");
  const isReady = until(() => spans.all().length === streams);
  const firstIsDone = () => spans.finished().length === hops + 1;
  let meanwhile: readonly TestSpan[] = [];
  async function* messages() {
    await isReady;
    yield send(inSpan(spanOf("b", 1)), ChatRequestSchema, { text: "one" });
    await until(firstIsDone);
    meanwhile = spans.all().slice(0, streams);
    yield send(inSpan(spanOf("c", 2)), ChatRequestSchema, { text: "two" });
  }
  for await (const [ctx, { text }] of receive(relay.a.client.chat(messages()))) {
    tracer.startSpan(text, {}, ctx).end();
  }
  return { spans: await spans.ended(streams + 2 * (hops + 1)), meanwhile };
}

/** A client and a server of each of the three streams. */
const streams = 6;
/** Each of them receives a message: A, B, C on the way there, then the clients of C, B and A. */
const hops = 6;

/** What {@link relayTwo} is to give: each message's trace runs through all services, though the streams live on. */
export function expectedOfTwo(): Awaited<ReturnType<typeof relayTwo>> {
  const counted = { "clue.messages.received": 2, "clue.messages.sent": 2 };
  return {
    spans: [
      ...streamSpans({ attributes: counted }),
      ...messageSpansOf("b", 1, streams + 1, "one A B C"),
      ...messageSpansOf("c", 2, streams + hops + 2, "two A B C"),
    ],
    meanwhile: streamSpans({ ended: false }),
  };
}

/** The spans of the streams, each the child of the one before. */
function streamSpans(parts: Partial<TestSpan>): TestSpan[] {
  return [1, 2, 3, 4, 5, 6].map((n) =>
    rpcSpan(n % 2 === 1 ? "client" : "server", "Chat", {
      span: `span ${n}`,
      ...(n > 1 && { parent: n % 2 === 1 ? `span ${n - 1}` : `remote span ${n - 1}` }),
      ...parts,
    }),
  );
}

/**
 * The spans of the n-th message, from the first one's number on: each is the child of the one before, and linked to its
 * stream's. The last one has the answer's as its child.
 */
function messageSpansOf(traceDigit: string, n: number, first: number, answer: string): TestSpan[] {
  const trace = traceDigit.repeat(32);
  const span = (hop: number) => `span ${first + hop}`;
  const received = [2, 4, 6, 5, 3, 1].map((stream, hop) =>
    messageSpan(n, {
      trace,
      span: span(hop),
      parent: `remote ${hop === 0 ? spanOf(traceDigit, n).spanId : span(hop - 1)}`,
      links: [`span ${stream} of trace 1`],
    }),
  );
  const parent = span(hops - 1);
  return [...received, { kind: "internal", name: answer, trace, span: span(hops), parent, attributes: {} }];
}

/** What the three services log of many messages, and what comes back: line by line, with the trace and the span of each. */
export async function relayMany(how: How, options: InterceptorOptions = {}) {
  const { options: traceOptions } = testSpans();
  const { a, b, c } = await startRelay(how, { trace: traceOptions, ...options });
  async function* messages() {
    for (let n = 1; n <= many; n++) {
      yield send(inSpan(spanOf(traceOf(n), n)), ChatRequestSchema, { text: `message ${n}` });
    }
  }
  const answers: string[] = [];
  const stream = a.client.chat(messages());
  for await (const [ctx, { text }] of receive(stream)) {
    answers.push(`${inWords(ctx, a.clientSide.call().info.ctx)} ${text}`);
  }
  return { a: receivedLines(a), b: receivedLines(b), c: receivedLines(c), answers };
}

/** What {@link relayMany} is to give: every message with its own trace and span, in order. */
export function expectedOfMany(): Awaited<ReturnType<typeof relayMany>> {
  const each = (signed: string) =>
    Array.from({ length: many }, (_, i) => `${traceOf(i + 1)}${i + 1} message ${i + 1}${signed}`);
  return { a: each(""), b: each(" A"), c: each(" A B"), answers: each(" A B C") };
}

const many = 1000;

/** Messages of two traces, in turn. */
function traceOf(n: number): string {
  return n % 2 === 1 ? "b" : "c";
}

/** A service's lines about messages, with the trace and the span that they carry. */
function receivedLines({ server }: Chat): string[] {
  const lines = server.log.lines("trace_id", "span_id").filter(({ msg }) => msg === "received");
  return lines.map(({ text, trace_id, span_id }) => {
    const [traceId, spanId] = [String(trace_id), String(span_id)];
    return `${inWords(inSpan({ traceId, spanId, traceFlags: 1 }), ROOT_CONTEXT)} ${text}`;
  });
}

/** Sends two messages, of traces b and c, to a service that asks another one about each; gives all spans and the answers. */
export async function askTwo(how: How, options: InterceptorOptions = {}) {
  const spans = testSpans();
  const { a } = await startAsking(how, { trace: { ...spans.options, messageSpans: "child" }, ...options });
  const answered = gate();
  const first = send(inSpan(spanOf("b", 1)), ChatRequestSchema, { text: "one" });
  const second = send(inSpan(spanOf("c", 2)), ChatRequestSchema, { text: "two" });
  const answers: string[] = [];
  for await (const { text } of a.client.chat(
    requests(
      first,
      answered.opened.then(() => second),
    ),
  )) {
    answers.push(text);
    answered.open();
  }
  return { spans: await spans.ended(10), answers };
}

/** What {@link askTwo} is to give: the call that is made for a message is in its trace. */
export function expectedOfAsking(): Awaited<ReturnType<typeof askTwo>> {
  const attributes = { "clue.messages.received": 2, "clue.messages.sent": 2 };
  const asked = (traceDigit: string, n: number, first: number): TestSpan[] => {
    const trace = traceDigit.repeat(32);
    const span = (offset: number) => `span ${first + offset}`;
    const parent = `remote ${spanOf(traceDigit, n).spanId}`;
    return [
      messageSpan(n, { trace, span: span(0), parent, links: ["span 2 of trace 1"] }),
      rpcSpan("client", "Say", { trace, span: span(1), parent: span(0) }),
      rpcSpan("server", "Say", { trace, span: span(2), parent: `remote ${span(1)}` }),
      messageSpan(n, { trace, span: span(3), parent: `remote ${span(0)}`, links: ["span 1 of trace 1"] }),
    ];
  };
  return {
    spans: [
      rpcSpan("client", "Chat", { attributes }),
      rpcSpan("server", "Chat", { attributes }),
      ...asked("b", 1, 3),
      ...asked("c", 2, 7),
    ],
    answers: ["one B", "two B"],
  };
}
