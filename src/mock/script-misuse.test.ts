import { create } from "@bufbuild/protobuf";
import { createMock } from "connect-clue/mock";
import { describe, expect, it } from "vitest";
import { ChatService, SayResponseSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect } from "../../test/support/context-observe.js";
import { problemOf } from "../../test/support/problems.js";

describe("misuse", () => {
  type Loose = Record<
    "expect" | "send" | "header" | "delay" | "expectEnd" | "fail" | "never",
    (...args: unknown[]) => Loose
  >;

  const cases: [
    method: "say" | "upload" | "countdown" | "chat",
    script: (s: Loose) => unknown,
    problem: string,
  ][] = [
    [
      "say",
      (s) => s.send({}).send({}),
      "script of say: send(…): nothing can follow send(…), the one answer of this method",
    ],
    [
      "say",
      (s) => s.send({}).expect(),
      "script of say: expect(…): nothing can follow send(…), the one answer of this method",
    ],
    [
      "say",
      (s) => s.expect().expect(),
      "script of say: expect(…): no request can come after the one request of this method",
    ],
    [
      "say",
      (s) => s.expectEnd(),
      "script of say: expectEnd(): this method has one request, and no stream that could end",
    ],
    [
      "countdown",
      (s) => s.expectEnd(),
      "script of countdown: expectEnd(): this method has one request, and no stream that could end",
    ],
    [
      "countdown",
      (s) => s.expect().expect(),
      "script of countdown: expect(…): no request can come after the one request of this method",
    ],
    [
      "upload",
      (s) => s.send({}).expect(),
      "script of upload: expect(…): nothing can follow send(…), the one answer of this method",
    ],
    [
      "upload",
      (s) => s.expectEnd().expect(),
      "script of upload: expect(…): no request can come after expectEnd()",
    ],
    [
      "upload",
      (s) => s.expectEnd().expectEnd(),
      "script of upload: expectEnd(): the end is expected already",
    ],
    [
      "chat",
      (s) => s.expectEnd().send({}).expect(),
      "script of chat: expect(…): no request can come after expectEnd()",
    ],
    ["chat", (s) => s.never() ?? s.send({}), "script of chat: send(…): nothing can follow never()"],
    [
      "chat",
      (s) => s.fail(new Error("x")) ?? s.delay(1),
      "script of chat: delay(1): nothing can follow fail(…)",
    ],
    [
      "say",
      (s) => s.expect(null),
      "script of say: expect(…): expected a message of chat.v1.SayRequest, got null",
    ],
    [
      "say",
      (s) => s.expect({ txt: "hi" }),
      'script of say: expect(…): chat.v1.SayRequest has no field "txt"; there are text',
    ],
    [
      "say",
      (s) => s.expect(create(SayResponseSchema)),
      "script of say: expect(…): expected a message of chat.v1.SayRequest, got one of chat.v1.SayResponse",
    ],
    [
      "say",
      (s) => s.send(undefined),
      "script of say: send(…): expected a message of chat.v1.SayResponse, got undefined",
    ],
    [
      "chat",
      (s) => s.send({ text: "hi", to: "Ann" }),
      'script of chat: send(…): chat.v1.ChatResponse has no field "to"; there are text, traceMetadata',
    ],
    [
      "countdown",
      (s) => s.send({ n: 0.5 }),
      "script of countdown: send(…): expected a message that can be sent: cannot encode field" +
        " chat.v1.CountdownResponse.n to binary: invalid int32: 0.5",
    ],
    ["chat", (s) => s.fail("x"), 'fail: expected an Error, got "x"'],
    ["chat", (s) => s.delay(-1), "delay: expected a number of milliseconds from 0 to 2147483647, got -1"],
    ["chat", (s) => s.delay("1"), 'delay: expected a number of milliseconds from 0 to 2147483647, got "1"'],
    ["chat", (s) => s.header("x y", "1"), 'header: expected the name of a header, got "x y"'],
    ["chat", (s) => s.header("x-y", 1), "header x-y: expected text that a header can carry, got 1"],
    [
      "chat",
      (s) => s.header("x-y", "a\nb"),
      'header x-y: expected text that a header can carry, got "a\\nb"',
    ],
    [
      "chat",
      (s) => s.header("x-y", "Ωmega"),
      'header x-y: expected text that a header can carry, got "Ωmega"',
    ],
    [
      "chat",
      (s) => s.send({}).header("x-y", "1"),
      "script of chat: header(…): the headers go out with the first message",
    ],
  ];

  it.each(cases)("%s: %s", async (method, script, problem) => {
    const mock = createMock(ChatService);
    expect(await problemOf(() => script(mock.add(method) as unknown as Loose))).toBe(`TypeError: ${problem}`);
  });

  it.each([
    "content-length",
    "Content-Type",
    "transfer-encoding",
    "connection",
    "grpc-status",
    "grpc-message",
    "connect-content-encoding",
    "trailer-x",
  ])("refuses %s, which is the transport's", async (name) => {
    const script = createMock(ChatService).add("chat");
    for (const type of ["header", "trailer"] as const) {
      expect(await problemOf(() => script[type](name, "1"))).toBe(
        `TypeError: ${type}: expected a name that the protocol does not use itself, got "${name}"`,
      );
    }
    script.header("grpc-retry-pushback-ms", "1").trailer("x-content-length", "1");
  });

  it("a script cannot be extended while a call plays it", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const script = mock.add("chat").send({ text: "hi" });
    await collect(mock.client().chat(requests()));
    expect(await problemOf(() => script.send({ text: "ho" }))).toBe(
      "TypeError: script of chat: send(…): a call plays the script already: write all of it before",
    );
  });

  it("a script that does not answer fails when it is played, and fails verify", async () => {
    const mock = createMock(ChatService);
    mock.add("upload").expect().expectEnd();
    mock.add("say").delay(1);
    const client = mock.client();
    const flaw = (name: string) =>
      `the script of ${name}, added at <add("${name}")>, has no answer: end it with send(…), fail(…) or never()`;
    expect(await problemOf(() => client.upload(requests({ text: "a" })))).toBe(
      `ConnectError: [internal] mock of chat.v1.ChatService: ${flaw("upload")}`,
    );
    expect(await problemOf(() => client.say({}))).toBe(
      `ConnectError: [internal] mock of chat.v1.ChatService: ${flaw("say")}`,
    );
    expect(await problemOf(() => mock.verify())).toBe(
      `MockError: mock of chat.v1.ChatService: 2 problems\n  1. ${flaw("upload")}\n  2. ${flaw("say")}`,
    );
  });
});
