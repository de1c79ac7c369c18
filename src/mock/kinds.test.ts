import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { clientInterceptor, eachMessage, receive, send, serverInterceptor } from "connect-clue";
import { createMock, fail, stream } from "connect-clue/mock";
import { testSpans } from "connect-clue/testing-telemetry";
import { describe, expect, it } from "vitest";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  ChatService,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect } from "../../test/support/context-observe.js";
import { problemOf } from "../../test/support/problems.js";
import { inSpan, spanOf } from "../../test/support/span-contexts.js";

describe("function handlers", () => {
  it("answer all four kinds, as Connect's own do", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("say", ({ text }) => ({ text: `hello ${text}` }));
    mock.add("upload", async (messages) => ({ count: (await collect(messages)).length }));
    mock.add("countdown", async function* ({ from }) {
      for (let n = from; n > 0; n--) yield { n };
    });
    mock.add("chat", async function* (messages) {
      for await (const { text } of messages) yield { text: text.toUpperCase() };
    });

    const client = mock.client();
    expect((await client.say({ text: "Ann" })).text).toBe("hello Ann");
    expect((await client.upload(requests({ text: "a" }, { text: "b" }))).count).toBe(2);
    expect((await collect(client.countdown({ from: 2 }))).map(({ n }) => n)).toEqual([2, 1]);
    expect((await collect(client.chat(requests({ text: "x" }, { text: "y" })))).map(textOf)).toEqual([
      "X",
      "Y",
    ]);
    expect(mock.calls().map(String)).toEqual([
      'chat.v1.ChatService/Say\n  ← {"text":"Ann"}\n  → {"text":"hello Ann"}\n  → end',
      'chat.v1.ChatService/Upload\n  ← {"text":"a"}\n  ← {"text":"b"}\n  ← end\n  → {"count":2}\n  → end',
      'chat.v1.ChatService/Countdown\n  ← {"from":2}\n  → {"n":2}\n  → {"n":1}\n  → end',
      'chat.v1.ChatService/Chat\n  ← {"text":"x"}\n  → {"text":"X"}\n  ← {"text":"y"}\n  → {"text":"Y"}\n  ← end\n  → end',
    ]);
  });

  it("get the call's headers, and set headers and trailers", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("say", (_request, { requestHeader, responseHeader, responseTrailer }) => {
      responseHeader.set("x-answer", `${requestHeader.get("x-question")}!`);
      responseTrailer.set("x-last", "word");
      return {};
    });
    const seen: (string | null)[] = [];
    await mock.client().say(
      {},
      {
        headers: { "x-question": "why" },
        onHeader: (header) => seen.push(header.get("x-answer")),
        onTrailer: (trailer) => seen.push(trailer.get("x-last")),
      },
    );
    expect(seen).toEqual(["why!", "word"]);
    expect(mock.calls("say")[0]?.header.get("x-question")).toBe("why");
  });

  it("may stop reading before the client has sent all", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("chat", async function* (messages) {
      for await (const { text } of messages) {
        yield { text };
        return;
      }
    });
    expect((await collect(mock.client().chat(requests({ text: "a" }, { text: "b" })))).map(textOf)).toEqual([
      "a",
    ]);
    expect(mock.calls().map(String)).toEqual([
      'chat.v1.ChatService/Chat\n  ← {"text":"a"}\n  → {"text":"a"}\n  → end',
    ]);
  });
});

describe("stream", () => {
  it("sends its messages, whatever was asked, and reads no requests", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("countdown", stream([{ n: 2 }, { n: 1 }]));
    mock.add("chat", stream([create(ChatResponseSchema, { text: "hi" }), { text: "ho" }]));
    const client = mock.client();
    expect((await collect(client.countdown({ from: 7 }))).map(({ n }) => n)).toEqual([2, 1]);
    expect((await collect(client.chat(requests({ text: "x" })))).map(textOf)).toEqual(["hi", "ho"]);
    expect(mock.calls("chat").map(String)).toEqual([
      'chat.v1.ChatService/Chat\n  → {"text":"hi"}\n  → {"text":"ho"}\n  → end',
    ]);
  });

  it("plays from the start for each call, also from an iterable that can be read once", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.set("countdown", stream([{ n: 1 }, { n: 0 }].values()));
    const client = mock.client();
    expect((await collect(client.countdown({}))).map(({ n }) => n)).toEqual([1, 0]);
    expect((await collect(client.countdown({}))).map(({ n }) => n)).toEqual([1, 0]);
  });

  it("ends with an error at a given message", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add(
      "countdown",
      stream([{ n: 2 }, fail(new ConnectError("out", Code.ResourceExhausted)), { n: 1 }]),
    );
    const got: number[] = [];
    const read = async () => {
      for await (const { n } of mock.client().countdown({})) got.push(n);
    };
    expect(await problemOf(read)).toBe("ConnectError: [resource_exhausted] out");
    expect(got).toEqual([2]);
    expect(mock.calls().map(String)).toEqual([
      'chat.v1.ChatService/Countdown\n  ← {}\n  → {"n":2}\n  → resource_exhausted: out',
    ]);
  });

  it("masks errors of no code, as Connect does for handlers", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("countdown", stream([fail(new Error("secret"))]));
    expect(await problemOf(() => collect(mock.client().countdown({})))).toBe(
      "ConnectError: [internal] internal error",
    );
    expect(mock.calls().map(String)).toEqual(["chat.v1.ChatService/Countdown\n  ← {}\n  → Error: secret"]);
  });
});

describe("between the kit's interceptors", () => {
  const options = { log: false, trace: testSpans().options } as const;
  const observed = {
    transport: { interceptors: [clientInterceptor(options)] },
    router: { interceptors: [serverInterceptor(options)] },
  };

  it("function handlers receive each message in its own context, and send in it", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("chat", async function* (messages, context) {
      for await (const [ctx, { text }] of receive(messages, context)) {
        yield send(ctx, ChatResponseSchema, { text: `${text} in ${traceOf(ctx)}` });
      }
    });
    mock.add(
      "chat",
      eachMessage((ctx, { text }) => ({ text: `${text} in ${traceOf(ctx)}` })),
    );
    const client = mock.client(observed);
    for (const _ of ["receive", "eachMessage"]) {
      const got: string[] = [];
      for await (const [ctx, { text }] of receive(client.chat(traced("a", "b"))))
        got.push(`${text}, ${traceOf(ctx)}`);
      expect(got).toEqual(["hi in a, a", "hi in b, b"]);
    }
  });

  it("expect() ignores trace metadata, unless that is expected", async () => {
    const mock = createMock(ChatService);
    mock.add("chat").expect({ text: "hi" }).send({ text: "ho" }).expectEnd();
    const client = mock.client(observed);
    expect((await collect(client.chat(traced("a")))).map(textOf)).toEqual(["ho"]);
    const traceparent = `00-${"a".repeat(32)}-0000000000000001-01`;
    mock.add("chat").expect({ text: "hi", traceMetadata: { traceparent } }).expectEnd();
    await collect(client.chat(traced("a")));
    mock.verify();
    mock.add("chat").expect({ text: "hi", traceMetadata: { traceparent: "another" } });
    expect(await problemOf(() => collect(client.chat(traced("a"))))).toBe(
      "ConnectError: [internal] mock of chat.v1.ChatService: unexpected message:" +
        ' chat, step 1 of 1, added at <add("chat")>: expect {"text":"hi","traceMetadata":{"traceparent":"another"}}' +
        `\n  received: {"text":"hi","traceMetadata":{"traceparent":"00-${"a".repeat(32)}-0000000000000001-01"}}`,
    );
  });

  it("scripts of many calls keep no metadata of one", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.set("chat").expect().send({ text: "ho" });
    const client = mock.client(observed);
    await collect(client.chat(traced("a")));
    await collect(client.chat(traced("b")));
    expect(mock.calls("chat").map(({ responses }) => responses)).toEqual([
      [create(ChatResponseSchema, { text: "ho" })],
      [create(ChatResponseSchema, { text: "ho" })],
    ]);
  });
});

/** Messages, each in a trace of its own. */
async function* traced(...traces: readonly string[]) {
  for (const digit of traces) {
    yield send(inSpan(spanOf(digit, 1), ROOT_CONTEXT), ChatRequestSchema, { text: "hi" });
  }
}

/** The digit of the trace. */
function traceOf(ctx: Context): string | undefined {
  return trace.getSpanContext(ctx)?.traceId.charAt(0);
}

function textOf({ text }: { text: string }): string {
  return text;
}
