/** Messages that each have a context of their own, in all kinds of streams: what goes over the wire, and what arrives. */

import { create } from "@bufbuild/protobuf";
import { ProxyTracerProvider, type TextMapPropagator } from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { B3InjectEncoding, B3Propagator } from "@opentelemetry/propagator-b3";
import { contextOf, receive, send, type TraceOptions } from "connect-clue";
import { describe, expect, it } from "vitest";
import {
  ChatRequestSchema,
  ChatService,
  CountdownRequestSchema,
  CountdownResponseSchema,
  UploadRequestSchema,
  UploadResponseSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, type ChatHandlers, type ChatOptions, requests } from "../../test/support/chat-server.js";
import { callByHand, endWith } from "../../test/support/hand-made-call.js";
import { inWords, type OnWire, onWire, receivedIn } from "../../test/support/message-traces.js";
import { inSpan, spanOf, traceparentOf, withBaggage } from "../../test/support/span-contexts.js";
import { tappedChat } from "../../test/support/tapped-chat.js";
import { drain } from "../../test/support/traced-chat.js";
import { w3c } from "../testing-telemetry/w3c.js";
import { traceObserver } from "./observer.js";
import { remoteParent } from "./remote-parent.js";
import { localParent } from "./span-parent.js";

const b2 = inSpan(spanOf("b", 2));
const c3 = withBaggage(inSpan(spanOf("c", 3, 0)), { user: "Éva" });
const b2Words = "b2";
const c3Words = "c3 unsampled user=Éva";
const b2Wire = { traceparent: traceparentOf(spanOf("b", 2)) };
const c3Wire = { traceparent: traceparentOf(spanOf("c", 3, 0)), baggage: "user=%C3%89va" };

const halfDuplex: readonly (readonly [string, ChatOptions])[] = [
  ["gRPC-Web over HTTP/1.1", { http: "1.1", protocol: "grpc-web" }],
  ["Connect over HTTP/1.1", { http: "1.1", protocol: "connect" }],
  ["Connect over HTTP/1.1, JSON", { http: "1.1", protocol: "connect", json: true }],
];
const fullDuplex: readonly (readonly [string, ChatOptions])[] = [
  ["gRPC", {}],
  ["gRPC-Web", { protocol: "grpc-web" }],
  ["Connect", { protocol: "connect" }],
  ["Connect, JSON", { protocol: "connect", json: true }],
  ["in memory", { http: "memory" }],
];

describe("bidi, in the field", () => {
  it.each(fullDuplex)("%s", async (_, options) => {
    const inOrder = ["stream", b2Words, c3Words, "stream"];
    const onWire = [null, b2Wire, c3Wire, null];
    expect(await exchange(chat, {}, options)).toEqual({
      server: inOrder,
      client: inOrder,
      requests: onWire,
      responses: onWire,
    });
  });
});

describe.each([...fullDuplex, ...halfDuplex])("%s", (_, options) => {
  it("client streaming, in an unknown field", async () => {
    const carried = options.json !== true;
    expect(await exchange(upload, { carrier: "unknown-field" }, options)).toEqual({
      server: carried ? ["stream", b2Words, c3Words, "stream"] : Array(4).fill("stream"),
      client: [carried ? b2Words : "stream"],
      requests: carried ? [null, b2Wire, c3Wire, null] : Array(4).fill(null),
      responses: [b2Wire],
    });
  });

  it("server streaming, in an unknown field", async () => {
    const carried = options.json !== true;
    expect(await exchange(countdown, { carrier: "unknown-field" }, options)).toEqual({
      server: [carried ? b2Words : "stream"],
      client: carried ? ["stream", b2Words, c3Words] : Array(3).fill("stream"),
      requests: [carried ? b2Wire : null],
      responses: [null, b2Wire, c3Wire],
    });
  });
});

describe("messages that are read ahead", () => {
  it.each(fullDuplex)("keep their contexts: %s", async (_, options) => {
    const seen: string[] = [];
    const { client } = await tappedChat(
      {
        async *chat(messages, context) {
          const pairs = receive(messages, context);
          for (const { value } of await Promise.all([pairs.next(), pairs.next(), pairs.next()])) {
            seen.push(inWords(value[0], contextOf(context)));
          }
          yield {};
        },
      },
      options,
    );
    await chat(client);
    expect(seen).toEqual(["stream", b2Words, c3Words]);
  });
});

describe("types without the field", () => {
  it.each([
    ["client streaming", upload],
    ["server streaming", countdown],
  ])("carry nothing unless an unknown field may: %s", async (_, kind) => {
    const { server, client, requests, responses } = await exchange(kind);
    expect(new Set([...server, ...client])).toEqual(new Set(["stream"]));
    expect(new Set([...requests, ...responses])).toEqual(new Set([null]));
  });
});

describe("a method whose requests have the field, and whose responses have not", () => {
  const method = { ...ChatService.method.chat, output: UploadResponseSchema };
  const request = create(ChatRequestSchema, { traceMetadata: b2Wire });
  const response = create(UploadResponseSchema);

  it.each([
    ["server", request, response, { received: b2Words, sent: null }],
    ["client", response, request, { received: "no span", sent: c3Wire }],
  ] as const)("carries contexts in its requests alone: %s", (side, received, sent, expected) => {
    const trace = traceObserver(
      { propagator: w3c(), tracerProvider: new ProxyTracerProvider() },
      side === "server" ? remoteParent : localParent,
    );
    const call = callByHand({ side, method, observers: [trace] });
    call.onReceived(received);
    const seen = { received: inWords(call.current, call.ctx), sent: onWire(call.onSending(c3, sent)) };
    endWith(call, "ok");
    expect(seen).toEqual(expected);
  });
});

describe("propagators", () => {
  const b3Of = (trace: string, n: number, sampled: number) =>
    `${trace.repeat(32)}-000000000000000${n}-${sampled}`;

  it.each<[string, TextMapPropagator, b2: [OnWire, arrives: string], c3: [OnWire, arrives: string]]>([
    [
      "W3C Trace Context",
      new W3CTraceContextPropagator(),
      [b2Wire, "b2"],
      [{ traceparent: c3Wire.traceparent }, "c3 unsampled"],
    ],
    [
      "W3C Baggage",
      new W3CBaggagePropagator(),
      [null, "stream"],
      [{ baggage: c3Wire.baggage }, "stream user=Éva"],
    ],
    [
      "B3 in one",
      new B3Propagator(),
      [{ b3: b3Of("b", 2, 1) }, "b2"],
      [{ b3: b3Of("c", 3, 0) }, "c3 unsampled"],
    ],
    [
      "B3 in many",
      new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
      [{ "x-b3-traceid": "b".repeat(32), "x-b3-spanid": "0000000000000002", "x-b3-sampled": "1" }, "b2"],
      [
        { "x-b3-traceid": "c".repeat(32), "x-b3-spanid": "0000000000000003", "x-b3-sampled": "0" },
        "c3 unsampled",
      ],
    ],
    [
      "W3C, Baggage and B3",
      new CompositePropagator({
        propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator(), new B3Propagator()],
      }),
      [{ ...b2Wire, b3: b3Of("b", 2, 1) }, "b2"],
      [{ ...c3Wire, b3: b3Of("c", 3, 0) }, c3Words],
    ],
  ])("%s", async (_, propagator, [b2OnWire, b2Arrives], [c3OnWire, c3Arrives]) => {
    const inOrder = ["stream", b2Arrives, c3Arrives, "stream"];
    const onWire = [null, b2OnWire, c3OnWire, null];
    expect(await exchange(chat, { propagator })).toEqual({
      server: inOrder,
      client: inOrder,
      requests: onWire,
      responses: onWire,
    });
  });
});

describe("without an SDK", () => {
  it("messages carry the contexts that they are given", async () => {
    const tracerProvider = new ProxyTracerProvider();
    expect(await exchange(chat, { tracerProvider })).toEqual({
      server: ["no span", b2Words, c3Words, "no span"],
      client: ["no span", b2Words, c3Words, "no span"],
      requests: [null, b2Wire, c3Wire, null],
      responses: [null, b2Wire, c3Wire, null],
    });
  });
});

describe("streamSpan", () => {
  it.each(["linked", "off"] as const)("%s changes nothing for messages", async (streamSpan) => {
    const { server, client, requests, responses } = await exchange(chat, { streamSpan });
    const own = streamSpan === "off" ? "no span" : "stream";
    expect({ server, client }).toEqual({
      server: [own, b2Words, c3Words, own],
      client: [own, b2Words, c3Words, own],
    });
    expect({ requests, responses }).toEqual({
      requests: [null, b2Wire, c3Wire, null],
      responses: [null, b2Wire, c3Wire, null],
    });
  });
});

/** Handlers that send as the tests want it: a bidi handler's plain replies belong to what they answer. */
const handlers: ChatHandlers = {
  async *chat(messages) {
    for await (const { text } of messages) yield { text };
  },
  async upload(messages) {
    for await (const _ of messages);
    return send(b2, UploadResponseSchema);
  },
  async *countdown() {
    yield {};
    yield send(b2, CountdownResponseSchema);
    yield send(c3, CountdownResponseSchema);
  },
};

type Kind = (client: Chat["client"]) => Promise<unknown>;

function chat(client: Chat["client"]) {
  const messages = [{}, send(b2, ChatRequestSchema), send(c3, ChatRequestSchema), {}];
  return drain(client.chat(requests(...messages)));
}

function upload(client: Chat["client"]) {
  const messages = [{}, send(b2, UploadRequestSchema), send(c3, UploadRequestSchema), {}];
  return client.upload(requests(...messages));
}

function countdown(client: Chat["client"]) {
  return drain(client.countdown(send(b2, CountdownRequestSchema)));
}

/** Makes one call; gives in which context each side received each message, and what was on the wire. */
async function exchange(kind: Kind, trace: TraceOptions = {}, options: ChatOptions = {}) {
  const server: string[] = [];
  const client: string[] = [];
  const chat = await tappedChat(handlers, {
    ...options,
    server: trace,
    client: trace,
    serverOptions: { observers: [receivedIn(server)] },
    clientOptions: { observers: [receivedIn(client)] },
  });
  await kind(chat.client);
  return { server, client, requests: chat.tap.requests, responses: chat.tap.responses };
}
