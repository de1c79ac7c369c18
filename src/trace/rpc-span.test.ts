import { Code, ConnectError } from "@connectrpc/connect";
import { SpanKind } from "@opentelemetry/api";
import { codeName, type RpcKind, type Side } from "connect-clue";
import { describe, expect, it } from "vitest";
import { type Chat, type ChatOptions, requests } from "../../test/support/chat-server.js";
import { bothSpans, drain, exception, failed, tracedChat } from "../../test/support/traced-chat.js";

const ways: readonly (readonly [name: string, options: ChatOptions])[] = [
  ["gRPC", {}],
  ["gRPC-Web over HTTP/1.1", { protocol: "grpc-web", http: "1.1" }],
  ["Connect over HTTP/2", { protocol: "connect" }],
  ["Connect over HTTP/1.1", { http: "1.1" }],
  ["Connect in memory", { http: "memory" }],
];

/** What a server receives and sends. */
const kinds: readonly (readonly [RpcKind, method: string, received: number, sent: number])[] = [
  ["unary", "Say", 1, 1],
  ["client_streaming", "Upload", 2, 1],
  ["server_streaming", "Countdown", 1, 3],
  ["bidi_streaming", "Chat", 2, 2],
];

const calls: Readonly<Record<RpcKind, (client: Chat["client"]) => Promise<unknown>>> = {
  unary: (client) => client.say({ text: "hi" }),
  client_streaming: (client) => client.upload(requests({}, {})),
  server_streaming: (client) => drain(client.countdown({ from: 2 })),
  bidi_streaming: (client) => drain(client.chat(requests({}, {}))),
};

describe.each(ways)("over %s", (_, options) => {
  const possible = kinds.filter(([kind]) => options.http !== "1.1" || kind !== "bidi_streaming");

  it.each(possible)("a %s call has one span on each side", async (kind, method, received, sent) => {
    const { client, spans } = await tracedChat(undefined, options);
    await calls[kind](client);
    const counts = (side: Side) => ({
      "clue.messages.received": side === "server" ? received : sent,
      "clue.messages.sent": side === "server" ? sent : received,
    });
    expect(await spans.ended(2)).toEqual(
      bothSpans(method, (side) => ({ attributes: kind === "unary" ? {} : counts(side) }), options.http),
    );
  });
});

const codes = Object.values(Code).filter((code) => typeof code === "number");
const serverFaults = [
  "unknown",
  "deadline_exceeded",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
];

describe("a call that ends with a code is an error for its client, and for its server when it is to blame", () => {
  it.each(codes.map((code) => [codeName(code), code] as const))("%s", async (name, code) => {
    const { client, spans } = await tracedChat({
      say() {
        throw new ConnectError("why", code);
      },
    });
    await client.say({}).catch(() => {});
    const error = {
      attributes: failed(name),
      status: "error: why",
      events: [exception("ConnectError", `[${name}] why`)],
    };
    const noError = { attributes: { "rpc.status_code": name, "clue.outcome": "error" } };
    expect(await spans.ended(2)).toEqual(
      bothSpans("Say", (side) => (side === "client" || serverFaults.includes(name) ? error : noError)),
    );
  });
});

it("lasts exactly as long as the outcome says", async () => {
  const { chat, client, spans } = await tracedChat();
  for (const [kind] of kinds) await calls[kind](client);
  await spans.ended(8);
  for (const [side, spanKind] of [
    [chat.clientSide, SpanKind.CLIENT],
    [chat.server, SpanKind.SERVER],
  ] as const) {
    const ended = spans.finished().filter(({ kind }) => kind === spanKind);
    const outcomes = await Promise.all(kinds.map((_, n) => side.ended(n)));
    expect(ended.map(({ duration: [s, ns] }) => s * 1e3 + ns / 1e6)).toEqual(
      outcomes.map(({ outcome }) => expect.closeTo(outcome?.durationMs ?? Number.NaN, 4)),
    );
  }
});

it("has its exception at its end, not after it", async () => {
  const { client, spans } = await tracedChat({
    say() {
      throw new Error("late");
    },
  });
  await client.say({}).catch(() => {});
  await spans.ended(2);
  for (const { events, endTime } of spans.finished())
    expect(events.map(({ time }) => time)).toEqual([endTime]);
});

it("has the instrumentation scope of the package", async () => {
  const { client, spans } = await tracedChat();
  await client.say({});
  await spans.ended(2);
  const manifest = await import("../../package.json", { with: { type: "json" } });
  const { name, version } = manifest.default;
  for (const { instrumentationScope } of spans.finished()) {
    expect(instrumentationScope).toEqual({ name, version, schemaUrl: undefined });
  }
});

it("tells of calls at the same time, each with its own trace", async () => {
  const { client, spans } = await tracedChat();
  await Promise.all(Array.from({ length: 50 }, () => client.say({})));
  await spans.ended(100);
  const parents = spans.finished().filter(({ parentSpanContext }) => parentSpanContext === undefined);
  const children = spans.finished().filter(({ parentSpanContext }) => parentSpanContext !== undefined);
  expect(children.map((child) => child.parentSpanContext?.spanId).sort()).toEqual(
    parents.map((parent) => parent.spanContext().spanId).sort(),
  );
  expect(new Set(parents.map((parent) => parent.spanContext().traceId)).size).toBe(50);
});
