import { createClient } from "@connectrpc/connect";
import type { Attributes, AttributeValue, Link } from "@opentelemetry/api";
import { type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace";
import { type CallInfo, clientInterceptor, serverInterceptor } from "connect-clue";
import { testSpans } from "connect-clue/testing-telemetry";
import { expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { connectTo, serve } from "../../test/support/context-chat.js";
import { rpcAttributes } from "../../test/support/rpc-attributes.js";
import { bothSpans, drain, tracedChat, workingHandlers } from "../../test/support/traced-chat.js";

it("are there when the sampler is asked", async () => {
  const asked: { name: string; kind: number; attributes: Attributes; links: Link[] }[] = [];
  const sampler: Sampler = {
    shouldSample(_ctx, _traceId, name, kind, attributes, links) {
      asked.push({ name, kind, attributes: { ...attributes, "server.port": 0 }, links });
      return { decision: SamplingDecision.RECORD_AND_SAMPLED };
    },
    toString: () => "asking",
  };
  const spans = testSpans({ sampler });
  const { client } = await tracedChat(undefined, {
    http: "memory",
    spans,
    server: { requestHeaders: ["x-tenant"] },
  });
  await client.say({}, { headers: { "x-tenant": "acme" } });
  const begun = (side: "client" | "server") => ({
    ...rpcAttributes(side, "Say", "memory"),
    "server.port": 0,
  });
  const name = "chat.v1.ChatService/Say";
  expect(asked).toEqual([
    { name, kind: 2, attributes: begun("client"), links: [] },
    { name, kind: 1, attributes: { ...begun("server"), "rpc.request.header.x-tenant": ["acme"] }, links: [] },
  ]);
});

it("have the headers that are named, and no others", async () => {
  const headers = { requestHeaders: ["X-Tenant", "x-absent", "x-bin"], responseHeaders: ["X-Served-By"] };
  const { client, spans } = await tracedChat(
    {
      say(_, { responseHeader }) {
        responseHeader.set("x-served-by", "a");
        responseHeader.append("x-served-by", "b");
        responseHeader.set("x-secret", "c");
        return {};
      },
      async *countdown(_, { responseHeader }) {
        responseHeader.set("x-served-by", "a");
        yield {};
      },
    },
    { server: headers, client: headers },
  );
  await client.say({}, { headers: { "x-tenant": "acme", "x-bin": "AAE=", authorization: "secret" } });
  expect(await spans.ended(2)).toEqual(
    bothSpans("Say", () => ({
      attributes: {
        "rpc.request.header.x-tenant": ["acme"],
        "rpc.request.header.x-bin": ["AAE="],
        "rpc.response.header.x-served-by": ["a, b"],
      },
    })),
  );
});

it.each(["whole", "linked"] as const)(
  "have the response headers that a stream's handler sets before its first message, with streamSpan %s",
  async (streamSpan) => {
    const options = { responseHeaders: ["x-served-by"], streamSpan };
    const { client, spans } = await tracedChat(
      {
        async *countdown(_, { responseHeader }) {
          responseHeader.set("x-served-by", "a");
          yield {};
        },
      },
      { server: options, client: options },
    );
    await drain(client.countdown({}));
    const named = (await spans.ended(streamSpan === "whole" ? 2 : 4)).map(({ kind, attributes }) => [
      kind,
      attributes["clue.stream.phase"],
      attributes["rpc.response.header.x-served-by"],
    ]);
    expect(named).toEqual(
      streamSpan === "whole"
        ? [
            ["client", undefined, ["a"]],
            ["server", undefined, ["a"]],
          ]
        : [
            ["client", "open", undefined],
            ["server", "open", undefined],
            ["server", "end", ["a"]],
            ["client", "end", ["a"]],
          ],
    );
  },
);

it("are those that the filter lets through, at the beginning, at the end and on the exception", async () => {
  const asked: [key: string, value: AttributeValue, call: CallInfo][] = [];
  const attributeFilter = (...[key, value, call]: (typeof asked)[number]) => {
    asked.push([key, value, call]);
    return !key.startsWith("server.") && key !== "exception.stacktrace" && key !== "clue.outcome";
  };
  const { chat, client, spans } = await tracedChat(
    {
      say() {
        throw new Error("no");
      },
    },
    { server: { attributeFilter, requestHeaders: ["x-tenant"] } },
  );
  await client.say({}, { headers: { "x-tenant": "acme" } }).catch(() => {});
  const [, server] = await spans.ended(2);
  expect(server).toEqual({
    kind: "server",
    name: "chat.v1.ChatService/Say",
    trace: "trace 1",
    span: "span 2",
    parent: "remote span 1",
    attributes: {
      "rpc.system.name": "connectrpc",
      "rpc.method": "chat.v1.ChatService/Say",
      "network.peer.address": "127.0.0.1",
      "network.peer.port": "<port>",
      "rpc.request.header.x-tenant": ["acme"],
      "rpc.status_code": "internal",
      "error.type": "internal",
    },
    status: "error: no",
    events: [["exception", { "exception.type": "Error", "exception.message": "no" }]],
  });
  expect(asked.every(([, , call]) => call === chat.server.call().info)).toBe(true);
  expect(asked).toContainEqual(["rpc.status_code", "internal", chat.server.call().info]);
});

it.each([
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
  ["is async by mistake", (() => Promise.resolve(true)) as unknown as () => boolean],
])("are none at all when the filter %s", async (_, attributeFilter) => {
  const { client, spans } = await tracedChat(undefined, { client: { attributeFilter } });
  expect((await client.say({ text: "hi" })).text).toBe("hi");
  const [span, server] = await spans.ended(2);
  expect(span).toEqual({
    kind: "client",
    name: "chat.v1.ChatService/Say",
    trace: "trace 1",
    span: "span 1",
    attributes: {},
  });
  expect(server).toEqual(bothSpans("Say")[1]);
});

it("have an IPv6 address without its brackets", async () => {
  const spans = testSpans();
  const { url } = await serve(
    {
      routes: (router) => router.service(ChatService, workingHandlers),
      interceptors: [serverInterceptor({ log: false, trace: spans.options })],
    },
    "1.1",
    { host: "::1" },
  );
  const observe = clientInterceptor({ log: false, trace: spans.options });
  await createClient(ChatService, connectTo(url, "Connect over HTTP/1.1", [observe])).say({});
  expect(await spans.ended(2)).toEqual(
    bothSpans("Say", (side) => ({
      attributes: {
        "server.address": "::1",
        ...(side === "server" && { "network.peer.address": "::1" }),
      },
    })),
  );
});

it("have no peer without nodeContextValues", async () => {
  const { client, spans } = await tracedChat(undefined, { nodeContext: false });
  await client.say({});
  const [, { attributes } = { attributes: {} }] = await spans.ended(2);
  const { "network.peer.address": _, "network.peer.port": __, ...rest } = rpcAttributes("server", "Say");
  expect(attributes).toEqual(rest);
});

it("leaves the status without a description when the filter keeps the exception's message back", async () => {
  const attributeFilter = (key: string) => key !== "exception.message";
  const { client, spans } = await tracedChat(
    {
      say() {
        throw new Error("password=hunter2");
      },
    },
    { server: { attributeFilter } },
  );
  await client.say({}).catch(() => {});
  const [, server] = await spans.ended(2);
  expect(server?.status).toBe("error");
});
