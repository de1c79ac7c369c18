/** Metadata of peers that may send anything: it is ignored or becomes a link, and never an error of the call. */

import { create, type UnknownField } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Attributes } from "@opentelemetry/api";
import { send } from "connect-clue";
import type { TestSpan } from "connect-clue/testing";
import { describe, expect, it } from "vitest";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  CountdownResponseSchema,
  UploadRequestSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, type ChatHandlers, requests } from "../../test/support/chat-server.js";
import { receivedIn } from "../../test/support/message-traces.js";
import { inSpan, spanOf, traceparentOf, withBaggage } from "../../test/support/span-contexts.js";
import { tappedChat } from "../../test/support/tapped-chat.js";
import { drain, spanOf as rpcSpan, tracedChat, workingHandlers } from "../../test/support/traced-chat.js";
import { encodeEntries } from "./unknown-field.js";

const traceparent = traceparentOf(spanOf("b", 2));
const b2 = withBaggage(inSpan(spanOf("b", 2)), { user: "Eve" });

/** Metadata that is of no use, as a field can have it. */
const hostile: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["malformed", { traceparent: "00-zz-00-01" }],
  ["of no trace", { traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-00` }],
  ["over-long", { traceparent, baggage: "x".repeat(8193) }],
  ["a megabyte", { traceparent: "0".repeat(1024 * 1024) }],
  [
    "thousands of entries",
    Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`key ${n}`, traceparent])),
  ],
  ["of other propagators", { b3: "0", "uber-trace-id": "1:2:0:1" }],
  [
    "with names of JavaScript's own",
    Object.fromEntries([
      ["__proto__", traceparent],
      ["constructor", traceparent],
    ]),
  ],
  ["no text", { "": "" }],
];

/** What is no metadata at all, as an unknown field can have it. */
const broken: readonly (readonly [string, readonly UnknownField[]])[] = [
  ["a length beyond the end", [unknownField([5, 0x0a, 9, 0x61, 0x62, 0x63])]],
  ["text that is none", [unknownField([4, 0x0a, 2, 0xff, 0xfe])]],
  [
    "groups without end",
    [unknownField([...new BinaryWriter().bytes(new Uint8Array(9000).fill(0x1b)).finish()])],
  ],
];

function unknownField(data: readonly number[]): UnknownField {
  return { no: 101, wireType: WireType.LengthDelimited, data: new Uint8Array(data) };
}

describe("metadata of no use, sent to a server", () => {
  it.each(hostile)("in the field: %s", async (_, traceMetadata) => {
    const hostileMessage = create(ChatRequestSchema, { traceMetadata });
    const { seen, spans, replies } = await serve((client) =>
      drain(
        client.chat(requests<object>(hostileMessage, { traceMetadata: { traceparent } }, hostileMessage)),
      ),
    );
    expect({ seen, spans, replies }).toEqual({
      seen: ["stream", "b2", "stream"],
      spans: [serverSpan("Chat", { "clue.messages.received": 3, "clue.messages.sent": 3, ...ignored(2) })],
      replies: [null, { traceparent }, null],
    });
  });

  it.each<readonly [string, readonly UnknownField[]]>([
    ...hostile.map(([name, metadata]) => [name, encodeEntries(metadata)] as const),
    ...broken,
  ])("in an unknown field: %s", async (_, $unknown) => {
    const hostileMessage = { ...create(UploadRequestSchema), $unknown: [...$unknown] };
    const good = { ...create(UploadRequestSchema), $unknown: encodeEntries({ traceparent }) };
    const { seen, spans } = await serve((client) =>
      client.upload(requests(hostileMessage, good, hostileMessage)),
    );
    expect({ seen, spans }).toEqual({
      seen: ["stream", "b2", "stream"],
      spans: [serverSpan("Upload", { "clue.messages.received": 3, "clue.messages.sent": 1, ...ignored(2) })],
    });
  });

  /** Serves a client without the kit, which sends what it likes. */
  async function serve(call: (client: Chat["client"]) => Promise<unknown>) {
    const seen: string[] = [];
    const { client, spans, tap } = await tappedChat(workingHandlers, {
      server: { carrier: "unknown-field" },
      serverOptions: { observers: [receivedIn(seen)] },
      clientOptions: { filter: () => false },
    });
    await call(client);
    return { seen, spans: await spans.ended(1), replies: tap.responses };
  }

  function serverSpan(method: string, attributes: Attributes): TestSpan {
    const { parent: _, ...root } = rpcSpan("server", method, { span: "span 1", attributes });
    return root;
  }
});

describe("metadata of no use, sent to a client", () => {
  it.each(hostile)("in the field: %s", async (_, traceMetadata) => {
    const { seen, spans } = await call("chat", async function* () {
      yield create(ChatResponseSchema, { traceMetadata });
      yield create(ChatResponseSchema, { traceMetadata: { traceparent } });
    });
    const attributes = { "clue.messages.received": 2, "clue.messages.sent": 1, ...ignored(1) };
    expect({ seen, spans }).toEqual({
      seen: ["stream", "b2"],
      spans: [rpcSpan("client", "Chat", { attributes })],
    });
  });

  it.each(broken)("in an unknown field: %s", async (_, $unknown) => {
    const { seen, spans } = await call("countdown", async function* () {
      yield { ...create(CountdownResponseSchema), $unknown: [...$unknown] };
    });
    const attributes = { "clue.messages.received": 1, "clue.messages.sent": 1, ...ignored(1) };
    expect({ seen, spans }).toEqual({
      seen: ["stream"],
      spans: [rpcSpan("client", "Countdown", { attributes })],
    });
  });

  /** Calls a server without the kit, which answers what it likes. */
  async function call(method: "chat" | "countdown", handler: () => AsyncGenerator) {
    const seen: string[] = [];
    const { client, spans } = await tracedChat(
      { [method]: handler },
      {
        client: { carrier: "unknown-field" },
        clientOptions: { observers: [receivedIn(seen)] },
        serverOptions: { filter: () => false },
      },
    );
    await drain(method === "chat" ? client.chat(requests({})) : client.countdown({}));
    return { seen, spans: await spans.ended(1) };
  }
});

describe("trustRemote: false", () => {
  it.each(["server", "client"] as const)(
    "takes no context of a message, and counts none as ignored: %s",
    async (side) => {
      const seen = { server: [] as string[], client: [] as string[] };
      const replying: ChatHandlers = {
        async *chat(messages) {
          for await (const _ of messages) yield send(b2, ChatResponseSchema);
        },
      };
      const { client, spans, tap } = await tappedChat(replying, {
        [side]: { trustRemote: false },
        serverOptions: { observers: [receivedIn(seen.server)] },
        clientOptions: { observers: [receivedIn(seen.client)] },
      });
      await drain(client.chat(requests(send(b2, ChatRequestSchema))));
      const other = side === "server" ? "client" : "server";
      expect(seen).toEqual({ [side]: ["stream"], [other]: ["b2 user=Eve"] });
      const onWire = [{ traceparent, baggage: "user=Eve" }];
      expect(tap).toMatchObject({ requests: onWire, responses: onWire });
      expect((await spans.ended(2)).map(({ attributes }) => attributes["clue.metadata.ignored"])).toEqual([
        undefined,
        undefined,
      ]);
    },
  );

  it("sends replies to such messages in the stream's context", async () => {
    const { client, tap } = await tappedChat(workingHandlers, { server: { trustRemote: false } });
    await drain(client.chat(requests(send(b2, ChatRequestSchema))));
    expect(tap.responses).toEqual([null]);
  });
});

function ignored(messages: number): Attributes {
  return { "clue.metadata.ignored": messages };
}
